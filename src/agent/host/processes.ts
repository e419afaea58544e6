import { open, readFile, stat } from 'node:fs/promises';
import type { ProcessIdentity, ProcessPort } from '../../runtime/containerd/supervisor.ts';
import { findExecutable, startDetached } from './spawn.ts';

/** Undefined when there is no such process, or when it has ended and waits to be collected. */
export async function processIdentity(pid: number): Promise<ProcessIdentity | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseStat(text);
}

/** proc(5): `pid (comm) state …`, the start time is field 22; comm may hold anything, so fields count from its last parenthesis. */
export function parseStat(text: string): ProcessIdentity | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid: Number.parseInt(text, 10), startTime };
}

export async function isAlive({ pid, startTime }: ProcessIdentity): Promise<boolean> {
  return (await processIdentity(pid))?.startTime === startTime;
}

const TAIL_BYTES = 2000;

/** containerd's supervisor reaches processes through this. */
export const hostProcesses: ProcessPort = {
  find: (name: string) => findExecutable(name),
  async startDetached(file: string, args: readonly string[], options: { logPath: string }): Promise<ProcessIdentity> {
    const pid = await startDetached(file, args, options);
    return (await processIdentity(pid)) ?? { pid, startTime: '' };
  },
  isAlive,
  async kill(identity: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!(await isAlive(identity))) return;
    try {
      process.kill(identity.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  },
  async tail(path: string): Promise<string> {
    const size = await stat(path).then(
      (s) => s.size,
      () => 0,
    );
    if (size === 0) return '';
    const file = await open(path);
    try {
      const length = Math.min(size, TAIL_BYTES);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  },
};
