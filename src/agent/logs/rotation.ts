import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';

/** Upstream's defaults: containerLogMaxSize, containerLogMaxFiles, containerLogMonitorInterval. */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_FILES = 5;
const CHECK_MS = 10_000;

export interface RotationOptions {
  /** Containers that run now, with the file that each writes. */
  readonly running: () => readonly { readonly id: string; readonly logPath: string }[];
  /** Makes the runtime open the file anew after it was renamed. */
  readonly reopen: (containerId: string, options: { signal: AbortSignal }) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly maxBytes?: number;
  readonly maxFiles?: number;
}

const stamp = (ms: number) => new Date(ms).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);

/** Rotated files of a log, oldest first: `0.log.20260101-000000`, compressed ones with `.gz`. */
async function rotatedFiles(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  return names
    .filter((name) => name.startsWith(prefix) && !name.endsWith('.tmp'))
    .sort()
    .map((name) => join(dirname(path), name));
}

async function compress(path: string): Promise<void> {
  const temporary = `${path}.tmp`;
  await pipeline(createReadStream(path), createGzip({ level: 1 }), createWriteStream(temporary));
  await rename(temporary, `${path}.gz`);
  await rm(path);
}

/** Renames the log, has the runtime open a new one, and keeps as many old ones as allowed; all but the newest of these are compressed. */
export async function rotate(
  container: { readonly id: string; readonly logPath: string },
  options: RotationOptions,
  signal: AbortSignal,
): Promise<void> {
  const { logPath } = container;
  const older = await rotatedFiles(logPath);
  const keep = (options.maxFiles ?? MAX_FILES) - 2;
  for (const path of older.slice(0, Math.max(0, older.length - keep))) await rm(path);
  for (const path of older.slice(-keep)) if (!path.endsWith('.gz')) await compress(path);
  const rotated = `${logPath}.${stamp(options.clock.now())}`;
  await rename(logPath, rotated);
  try {
    await options.reopen(container.id, { signal });
  } catch (error) {
    await rename(rotated, logPath);
    throw error;
  }
}

/** Looks every ten seconds for logs that have grown too large. */
export function createLogRotation(options: RotationOptions): Component {
  const { clock, log } = options;
  async function check(signal: AbortSignal): Promise<void> {
    for (const container of options.running()) {
      try {
        if ((await stat(container.logPath)).size > (options.maxBytes ?? MAX_BYTES)) await rotate(container, options, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log.warn({ error, path: container.logPath }, 'log rotation failed');
      }
    }
  }
  return {
    name: 'log-rotation',
    async run({ signal, ready }) {
      ready();
      try {
        for (;;) {
          await clock.sleep(CHECK_MS, { signal });
          await check(signal);
        }
      } catch (error) {
        if (!isAbort(error, signal)) throw error;
      }
    },
  };
}
