import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseStat } from '../host/processes.ts';
import type { NamespaceFile, ProcessEntry } from './process-plan.ts';

const identify = ({ dev, ino }: { dev: number; ino: number }) => `${dev}:${ino}`;

/** `device:inode` of what the path leads to; undefined when it is gone or not ours to see. */
const idOf = (path: string): Promise<string | undefined> => stat(path).then(identify, () => undefined);

/** proc(5): the parent is the second field after the command's name, which may hold anything. */
const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);

/** cgroups(7): lines of `hierarchy:controllers:path`. */
const cgroupsOf = (text: string): string[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(':').slice(2).join(':'));

async function readProcess(pid: string): Promise<ProcessEntry | undefined> {
  const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
  const stat = await read('stat');
  const identity = parseStat(stat);
  if (!identity) return undefined;
  const [commandLine, cgroup, networkNamespace] = await Promise.all([read('cmdline'), read('cgroup'), idOf(`/proc/${pid}/ns/net`)]);
  return {
    ...identity,
    parentPid: parentOf(stat),
    argv: commandLine.split('\0').slice(0, -1),
    cgroups: cgroupsOf(cgroup),
    networkNamespace,
  };
}

/** Every process that we can see and that has not ended. */
export async function readProcesses(): Promise<ProcessEntry[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const entries = await Promise.all(pids.map(readProcess));
  return entries.filter((entry) => entry !== undefined);
}

export const hostNetworkNamespace = async (): Promise<string> => (await idOf('/proc/self/ns/net')) ?? '';

/** The network namespaces that CNI keeps below the directory. */
export async function readNamespaceFiles(directory: string): Promise<NamespaceFile[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.startsWith('cni-'));
  const files = await Promise.all(
    names.map(async (name) => ({ path: join(directory, name), id: (await idOf(join(directory, name))) ?? '' })),
  );
  return files.filter(({ id }) => id !== '');
}
