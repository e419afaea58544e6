/** Bytes and packets, and what of those could not be delivered, since the interface is there. */
export interface InterfaceUsage {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDropped: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDropped: number;
}

/** The kernel counts CPU time in hundredths of a second for user space, whatever it ticks at (proc(5), USER_HZ). */
const NANOS_PER_TICK = 10_000_000;

/** CPU time that was used, of /proc/stat: user, nice, system, irq, softirq, steal; guests are counted in user already. Nanoseconds. */
export function cpuUsageNanos(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '')
    .split(' ')
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * NANOS_PER_TICK;
}

/** When the machine started, of /proc/stat. Milliseconds since the epoch; 0 when it does not say. */
export const bootTimeMs = (stat: string): number => Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000;

/** A line of /proc/meminfo, which counts in KiB; 0 when it is not there. */
export function meminfoBytes(meminfo: string, key: string): number {
  const line = meminfo.split('\n').find((each) => each.startsWith(`${key}:`));
  return Number(/(\d+) kB$/.exec(line ?? '')?.[1] ?? 0) * 1024;
}

export interface MemoryUsage {
  readonly usageBytes: number;
  /** Usage less what the kernel can drop at once (inactive file cache). */
  readonly workingSetBytes: number;
  /** Of all there is, what is no part of the working set. */
  readonly availableBytes: number;
}

/** The machine as a whole, of /proc/meminfo: the root cgroup of cgroup v2 counts no memory. */
export function machineMemory(meminfo: string): MemoryUsage {
  const total = meminfoBytes(meminfo, 'MemTotal');
  const usageBytes = total - meminfoBytes(meminfo, 'MemFree');
  const workingSetBytes = Math.max(0, usageBytes - meminfoBytes(meminfo, 'Inactive(file)'));
  return { usageBytes, workingSetBytes, availableBytes: total - workingSetBytes };
}

/** /proc/net/dev has eight counters of what was received, then eight of what was sent. */
const TRANSMIT_COLUMN = 8;

/** The lines of /proc/net/dev without the loopback interface. */
export function interfaceUsage(netDev: string): InterfaceUsage[] {
  return netDev
    .split('\n')
    .map((line) => /^\s*([^:\s]+):\s*(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', counters = '']) => {
      const values = counters.split(/\s+/).map(Number);
      const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0] = values;
      const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = values.slice(TRANSMIT_COLUMN);
      return { name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped };
    })
    .filter(({ name }) => name !== 'lo');
}

/** The interface that the default route leaves by, of /proc/net/route; undefined when there is none. */
export function defaultInterface(routes: string): string | undefined {
  const lines = routes.split('\n').map((line) => line.trim().split(/\s+/));
  return lines.find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0];
}
