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

/** utime + stime of all its threads so far. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Of the box that the bench runs in: it has process ids of its own. */
export function processesNamed(prefix: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith(prefix);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Of the whole machine, all cores, since it was started: everything but idling and waiting for disks. */
export function machineCpuSeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq) / TICKS_PER_SECOND;
}
