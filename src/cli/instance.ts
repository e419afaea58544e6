import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from './exit.ts';

/** Ticks since boot at which a process started, or undefined when it is gone: a pid alone may have been given to another. */
export function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const pidFile = (dataDir: string) => join(dataDir, 'minik.pid');

/** The minik that runs on this data directory, if one does. */
export function runningInstance(dataDir: string): number | undefined {
  try {
    const [pid, ticks] = readFileSync(pidFile(dataDir), 'utf8').trim().split('\n');
    // A file cut short must not match a process that is not there: both times would be undefined.
    return ticks !== undefined && startTicks(Number(pid)) === ticks ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Like `mkdir -p`, one level at a time: Node's own recursive form never returns below /proc. `path` is absolute. */
function makeDirectory(path: string): void {
  if (!existsSync(dirname(path))) makeDirectory(dirname(path));
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
  else if (!statSync(path).isDirectory()) throw Object.assign(new Error(`${path} is a file`), { code: 'EEXIST' });
}

/**
 * Makes the data directory ours until disposed: creates it (0700) and writes minik.pid. Throws UsageError, one sentence, when it cannot be used or
 * another minik uses it.
 */
export function claimInstance(dataDir: string): Disposable {
  const other = runningInstance(dataDir);
  if (other !== undefined && other !== process.pid)
    throw new UsageError(`the data directory ${dataDir} is in use by another minik (pid ${other})`);
  try {
    makeDirectory(dataDir);
    const temporary = `${pidFile(dataDir)}.${process.pid}`;
    writeFileSync(temporary, `${process.pid}\n${startTicks(process.pid)}\n`);
    renameSync(temporary, pidFile(dataDir));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`the data directory ${dataDir} cannot be used: ${REASONS[code ?? ''] ?? (error as Error).message}`);
  }
  return { [Symbol.dispose]: () => rmSync(pidFile(dataDir), { force: true }) };
}

const REASONS: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'it cannot be made there',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it is a file',
  ENOSPC: 'no space is left on the device',
};
