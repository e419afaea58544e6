import { watch } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { createNotifier } from '../../base/notifier.ts';
import type { ReloadOutcome } from '../../server/metrics/reload-metrics.ts';

/** The file is read this often whatever the system says of it (upstream's interval). */
const READ_EVERY_MS = 60_000;

/** What is in the file is right, but cannot take effect yet: it is tried again, unchanged. */
export class NotYet extends Error {
  override readonly name = 'NotYet';
}

export interface ConfigReload {
  /** `authorization config`, for the log. */
  readonly what: string;
  readonly path: string;
  /** What is in force. */
  readonly text: string;
  readFile(path: string): Promise<string>;
  /** Puts a new text into force. Rejects with an Error that says what is wrong with it, or with NotYet. */
  take(text: string): Promise<void>;
  readonly observe: ReloadOutcome;
  /** Resolves when the file may have changed. Absent: the system is asked for changes of its directory. */
  readonly changes?: (path: string, signal: AbortSignal, changed: () => void) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Follows a file of configuration: what it holds anew takes effect without a restart; what is wrong is kept out and logged, and the server goes on with what it had.
 * (Kubernetes: Authorization, "Using configuration files for authorization".)
 */
export function configReload({ what, path, readFile, take, observe, changes = watchFile, clock, log, ...start }: ConfigReload): Component {
  let known = start.text;
  const failed = (error: unknown) => {
    log.error({ path, error: error instanceof Error ? error.message : String(error) }, `the ${what} was not reloaded`);
    observe.failed();
  };
  const check = async () => {
    try {
      const text = await readFile(path);
      if (text === known) return;
      try {
        await take(text);
      } catch (error) {
        if (!(error instanceof NotYet)) known = text;
        throw error;
      }
      known = text;
      log.info({ path }, `the ${what} was reloaded`);
      observe.reloaded(text);
    } catch (error) {
      failed(error);
    }
  };
  return {
    name: `${what} reload`,
    async run({ signal, ready }) {
      observe.started(known);
      ready();
      const due = createNotifier();
      const watching = changes(path, signal, () => due.notify());
      while (!signal.aborted) {
        using _timer = clock.timer(READ_EVERY_MS, () => due.notify());
        await due.wait({ signal });
        if (!signal.aborted) await check();
      }
      await watching;
    },
  };
}

/** Files are replaced rather than written, ConfigMaps by a link beside them: the directory tells. A directory that cannot be watched is none: the file is read by the clock. */
async function watchFile(path: string, signal: AbortSignal, changed: () => void): Promise<void> {
  const name = basename(path);
  try {
    for await (const { filename } of watch(dirname(path), { signal, persistent: false })) {
      if (filename === null || filename === name || filename.startsWith('..')) changed();
    }
  } catch {
    return;
  }
}
