/** Kubernetes' QoS classes. */
export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';
export type CgroupVersion = 'v1' | 'v2';

/** A limit that is absent is left as it is; `null` lifts it. */
export interface CgroupLimits {
  /** Relative weight, 2 to 262144; 1024 is one CPU. */
  cpuShares?: number;
  /** Microseconds of CPU time per period. */
  cpuQuota?: number | null;
  /** Microseconds. Default 100000. */
  cpuPeriod?: number;
  memoryLimitBytes?: number | null;
  pidsLimit?: number | null;
}

export interface CgroupWrite {
  controller: 'cpu' | 'memory' | 'pids';
  file: string;
  value: string;
}

/** The cgroup that all pods are under, below `root` (`/` when the node has the machine for itself). */
export const kubepodsPath = (root = '/'): string => `${root === '/' ? '' : root}/kubepods`;

/** The kubelet's layout with the cgroupfs driver: guaranteed pods lie directly under kubepods. */
export function qosPath(qos: QosClass, root?: string): string {
  return qos === 'Guaranteed' ? kubepodsPath(root) : `${kubepodsPath(root)}/${qos.toLowerCase()}`;
}
export const podCgroupPath = (uid: string, qos: QosClass, root?: string): string => `${qosPath(qos, root)}/pod${uid}`;

const DEFAULT_PERIOD_US = 100_000;

/** The files to write for these limits, in an order that the kernel accepts. */
export function cgroupWrites(version: CgroupVersion, limits: CgroupLimits): CgroupWrite[] {
  return version === 'v1' ? v1Writes(limits) : v2Writes(limits);
}

function v1Writes({ cpuShares, cpuQuota, cpuPeriod, memoryLimitBytes, pidsLimit }: CgroupLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpuShares !== undefined) writes.push({ controller: 'cpu', file: 'cpu.shares', value: String(clampShares(cpuShares)) });
  if (cpuPeriod !== undefined) writes.push({ controller: 'cpu', file: 'cpu.cfs_period_us', value: String(cpuPeriod) });
  if (cpuQuota !== undefined) writes.push({ controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(cpuQuota ?? -1) });
  if (memoryLimitBytes !== undefined)
    writes.push({ controller: 'memory', file: 'memory.limit_in_bytes', value: String(memoryLimitBytes ?? -1) });
  if (pidsLimit !== undefined) writes.push({ controller: 'pids', file: 'pids.max', value: String(pidsLimit ?? 'max') });
  return writes;
}

function v2Writes({ cpuShares, cpuQuota, cpuPeriod, memoryLimitBytes, pidsLimit }: CgroupLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  if (cpuShares !== undefined) writes.push({ controller: 'cpu', file: 'cpu.weight', value: String(cpuWeight(cpuShares)) });
  if (cpuQuota !== undefined)
    writes.push({ controller: 'cpu', file: 'cpu.max', value: `${cpuQuota ?? 'max'} ${cpuPeriod ?? DEFAULT_PERIOD_US}` });
  if (memoryLimitBytes !== undefined) writes.push({ controller: 'memory', file: 'memory.max', value: String(memoryLimitBytes ?? 'max') });
  if (pidsLimit !== undefined) writes.push({ controller: 'pids', file: 'pids.max', value: String(pidsLimit ?? 'max') });
  return writes;
}

const [MIN_SHARES, MAX_SHARES] = [2, 262_144];
const clampShares = (shares: number): number => Math.min(Math.max(Math.round(shares), MIN_SHARES), MAX_SHARES);

/** cgroup v1 shares (2 to 262144) mapped linearly to a cgroup v2 weight (1 to 10000), as KEP-2254 has it. */
export function cpuWeight(shares: number): number {
  return 1 + Math.floor(((clampShares(shares) - MIN_SHARES) * 9999) / (MAX_SHARES - MIN_SHARES));
}

export interface CgroupUsage {
  cpuUsageNanos: number;
  memoryUsageBytes: number;
  /** Usage less what the kernel can drop at once (inactive file cache): what eviction decides by. */
  memoryWorkingSetBytes: number;
  processes: number;
}

/** A key of a flat keyed file (`memory.stat`, `cpu.stat`); 0 when it is not there. */
export function statValue(text: string, key: string): number {
  const line = text.split('\n').find((l) => l.startsWith(`${key} `));
  return line ? Number(line.slice(key.length + 1)) : 0;
}
