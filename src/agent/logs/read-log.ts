import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { type CriLine, parseCriLine } from './cri-line.ts';

const BLOCK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;
/** A file watch may miss the last write before a rotation or an exit: look again at least this often while following. */
const FOLLOW_CHECK_MS = 1_000;

/** PodLogOptions of Kubernetes, as far as they concern one file. */
export interface LogOptions {
  readonly tailLines?: number;
  /** Only lines at or after this time. */
  readonly sinceMs?: number;
  /** Put the time in front of each line. */
  readonly timestamps: boolean;
  readonly limitBytes?: number;
  readonly follow: boolean;
  readonly stream?: 'stdout' | 'stderr';
}

/** Offset at which the last `count` lines begin. A partial entry belongs to the line that its continuation ends, as upstream counts: by newline. */
async function tailOffset(file: FileHandle, size: number, count: number): Promise<number> {
  if (count === 0) return size;
  const block = Buffer.alloc(BLOCK_BYTES);
  let remaining = count;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - BLOCK_BYTES);
    await file.read(block, 0, end - start, start);
    for (let i = end - start - 1; i >= 0; i -= 1) {
      if (block[i] !== NEWLINE || start + i === size - 1) continue;
      remaining -= 1;
      if (remaining === 0) return start + i + 1;
    }
    end = start;
  }
  return 0;
}

/** Whole lines from a growing file; what comes after the last newline waits for more. */
async function* linesFrom(file: FileHandle, position: { offset: number; rest: Buffer }): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(block, 0, BLOCK_BYTES, position.offset);
    if (bytesRead === 0) return;
    position.offset += bytesRead;
    let data: Buffer = Buffer.concat([position.rest, block.subarray(0, bytesRead)]);
    for (let end = data.indexOf(NEWLINE); end >= 0; end = data.indexOf(NEWLINE)) {
      yield data.subarray(0, end);
      data = data.subarray(end + 1);
    }
    position.rest = data;
  }
}

function render(line: CriLine, options: LogOptions): Buffer | undefined {
  if (options.stream && line.stream !== options.stream) return undefined;
  if (options.sinceMs !== undefined && Date.parse(line.timestamp) < options.sinceMs) return undefined;
  const parts = [line.text];
  if (options.timestamps) parts.unshift(Buffer.from(`${line.timestamp} `));
  if (!line.partial) parts.push(Buffer.from('\n'));
  return parts.length === 1 ? line.text : Buffer.concat(parts);
}

/** Resolves at the next change in the log's directory, after a second, or when the signal aborts. */
function nextChange(watcher: FSWatcher | undefined, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer[Symbol.dispose]();
      watcher?.off('change', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.timer(FOLLOW_CHECK_MS, done);
    watcher?.on('change', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** Has the file been rotated away from under its name? */
async function isReplaced(file: FileHandle, path: string): Promise<boolean> {
  try {
    return (await file.stat()).ino !== (await stat(path)).ino;
  } catch {
    return false;
  }
}

/**
 * The text of a container's log file, in chunks. With `follow` it goes on through rotations until `isRunning` says no (then what is left is read) or the signal
 * aborts. Rejects with ENOENT when there is no such file.
 */
export async function* readLog(
  path: string,
  options: LogOptions,
  { isRunning, clock, signal }: { isRunning: () => boolean; clock: Clock; signal: AbortSignal },
): AsyncGenerator<Buffer> {
  let file = await open(path, 'r');
  let budget = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let watcher: FSWatcher | undefined;
  try {
    if (options.follow) watcher = watch(dirname(path), { persistent: false }).on('error', () => {});
    const { size } = await file.stat();
    let position = { offset: options.tailLines === undefined ? 0 : await tailOffset(file, size, options.tailLines), rest: Buffer.alloc(0) };
    for (;;) {
      const last = !options.follow || !isRunning();
      for await (const raw of linesFrom(file, position)) {
        const line = parseCriLine(raw);
        const text = line && render(line, options);
        if (!text) continue;
        yield text.subarray(0, budget);
        budget -= text.length;
        if (budget <= 0) return;
      }
      if (signal.aborted) return;
      if (await isReplaced(file, path)) {
        await file.close();
        file = await open(path, 'r');
        position = { offset: 0, rest: Buffer.alloc(0) };
      } else if (last) return;
      else await nextChange(watcher, clock, signal);
    }
  } finally {
    watcher?.close();
    await file.close();
  }
}
