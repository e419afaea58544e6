import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports CPU time in these, on every architecture that minik is built for. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MB = 1024;

function field(file: string, name: string): number {
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((l) => l.startsWith(`${name}:`));
  return Number(line?.split(/\s+/)[1] ?? Number.NaN) / KIB_PER_MB;
}

export interface Memory {
  /** MiB; pages shared with others count in full. */
  readonly rss: number;
  /** MiB; pages shared with others count in part. */
  readonly pss: number;
}

export const memoryOf = (pid: number): Memory => ({
  rss: field(`/proc/${pid}/status`, 'VmRSS'),
  pss: field(`/proc/${pid}/smaps_rollup`, 'Pss'),
});

/** proc_pid_stat(5), from its third field on: what is before that may contain spaces. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** utime + stime of all its threads so far. */
export function cpuSecondsOf(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Any process may end while it is looked at; it then counts for nothing. */
function unlessEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** Of the box that the bench runs in: it has process ids of its own. */
const runningProcesses = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

export const processesNamed = (prefix: string): number[] =>
  runningProcesses().filter((pid) => unlessEnded(() => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(prefix)));

/** The process, its children, theirs and so on; without those that have ended and are still to be collected. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of runningProcesses()) {
    const [state, parent] = unlessEnded(() => statOf(pid)) ?? [];
    if (state !== undefined && state !== 'Z') children.set(Number(parent), [...(children.get(Number(parent)) ?? []), pid]);
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

export const cpuSecondsOfAll = (pids: readonly number[]): number => sum(pids.map((pid) => unlessEnded(() => cpuSecondsOf(pid)) ?? 0));

export function memoryOfAll(pids: readonly number[]): Memory {
  const memories = pids.map((pid) => unlessEnded(() => memoryOf(pid)) ?? { rss: 0, pss: 0 });
  return { rss: sum(memories.map(({ rss }) => rss)), pss: sum(memories.map(({ pss }) => pss)) };
}

/** Of the whole machine, all cores, since it was started: everything but idling and waiting for disks. */
export function machineCpuSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq) / TICKS_PER_SECOND;
}
