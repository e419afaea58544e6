import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { activityV1, activityV2, type CgroupActivity } from './activity-plan.ts';
import { type CgroupLimits, type CgroupUsage, type CgroupVersion, cgroupWrites, statValue } from './cgroup-plan.ts';
import { type MountEntry, readMounts } from './mounts.ts';

/** Where cgroups are mounted. */
export interface CgroupLayout {
  /** v1 also on hybrid machines: the controllers are there, the unified hierarchy only keeps track of processes. */
  version: CgroupVersion;
  /** Mount point by controller (v1); with v2 every controller has the same. */
  controllers: ReadonlyMap<string, string>;
  /** Every mounted hierarchy, named ones and the hybrid one included: runc makes directories in all of them. */
  hierarchies: readonly string[];
}

/** Without these a node cannot keep pods to their limits. */
const NEEDED = ['cpu', 'memory', 'pids'];
const V1_CONTROLLERS = ['cpu', 'cpuacct', 'cpuset', 'memory', 'pids', 'devices', 'freezer', 'blkio', 'hugetlb', 'net_cls', 'perf_event'];

/** Throws when there are no cgroups, or when a controller that pods need is missing. `v2Controllers`: the root's cgroup.controllers. */
export function cgroupLayout(mounts: readonly MountEntry[], v2Controllers: string): CgroupLayout {
  const v1 = mounts.filter((mount) => mount.fsType === 'cgroup');
  const v2 = mounts.find((mount) => mount.fsType === 'cgroup2');
  const unified = v2Controllers.split(/\s+/).filter(Boolean);
  const controllers = new Map<string, string>();
  for (const mount of v1) for (const name of mount.superOptions) if (V1_CONTROLLERS.includes(name)) controllers.set(name, mount.target);
  const version: CgroupVersion = controllers.size > 0 ? 'v1' : 'v2';
  if (version === 'v2' && v2) for (const name of unified) controllers.set(name, v2.target);
  const missing = NEEDED.filter((name) => !controllers.has(name));
  if (missing.length > 0)
    throw new Error(`cgroup controllers are missing: ${missing.join(', ')} (see /proc/cgroups; some kernels need cgroup_enable=memory)`);
  return { version, controllers, hierarchies: [...new Set([...v1, ...(v2 ? [v2] : [])].map((mount) => mount.target))] };
}

export async function detectCgroups(): Promise<CgroupLayout> {
  const mounts = await readMounts();
  const unified = mounts.find((mount) => mount.fsType === 'cgroup2');
  return cgroupLayout(mounts, unified ? await readFile(`${unified.target}/cgroup.controllers`, 'utf8').catch(() => '') : '');
}

/** Cgroups by path below the mount points (`/kubepods/burstable/pod<uid>`). */
export interface Cgroups {
  readonly version: CgroupVersion;
  /** Makes the cgroup and those above it where they are missing, and sets the limits. */
  ensure(path: string, limits?: CgroupLimits): Promise<void>;
  /** Removes the cgroup and those below it. They must hold no process. Does nothing when it is not there. */
  remove(path: string): Promise<void>;
  /** Undefined when there is no such cgroup. */
  usage(path: string): Promise<CgroupUsage | undefined>;
  /** Undefined when there is no such cgroup. */
  activity(path: string): Promise<CgroupActivity | undefined>;
  /** Names of the cgroups directly below. */
  children(path: string): Promise<string[]>;
  /** Process ids in the cgroup and in those below it. */
  processes(path: string): Promise<number[]>;
}

export function cgroups(layout: CgroupLayout): Cgroups {
  const { version, controllers, hierarchies } = layout;
  const dirOf = (controller: string, path: string) => `${controllers.get(controller)}${path}`;
  const limited = [...new Set([...NEEDED, 'cpuacct'].flatMap((name) => controllers.get(name) ?? []))];

  return {
    version,
    async ensure(path, limits = {}) {
      for (const mountPoint of limited) {
        if (version === 'v2') await delegate(mountPoint, path, [...controllers.keys()]);
        await mkdir(`${mountPoint}${path}`, { recursive: true });
      }
      for (const { controller, file, value } of cgroupWrites(version, limits)) await writeFile(`${dirOf(controller, path)}/${file}`, value);
    },
    async remove(path) {
      for (const mountPoint of hierarchies) await removeTree(`${mountPoint}${path}`);
    },
    usage: (path) => (version === 'v1' ? usageV1(dirOf, path) : usageV2(dirOf('memory', path))),
    activity: (path) => (version === 'v1' ? readActivityV1(dirOf, path) : readActivityV2(dirOf('memory', path))),
    children: (path) => subdirectories(dirOf('memory', path)),
    async processes(path) {
      return processesIn(dirOf('memory', path));
    },
  };
}

/** cgroup v2: a controller works in a cgroup when its parent hands it on; from the top down. */
async function delegate(mountPoint: string, path: string, controllers: readonly string[]): Promise<void> {
  const names = path.split('/').filter(Boolean);
  for (let depth = 0; depth < names.length; depth += 1) {
    const dir = [mountPoint, ...names.slice(0, depth)].join('/');
    await mkdir(dir, { recursive: true });
    const [available, enabled] = await Promise.all([
      readFile(`${dir}/cgroup.controllers`, 'utf8'),
      readFile(`${dir}/cgroup.subtree_control`, 'utf8'),
    ]);
    const has = (text: string, name: string) => text.split(/\s+/).includes(name);
    const wanted = controllers.filter((name) => has(available, name) && !has(enabled, name));
    // One by one: a controller that cannot be handed on (rdma, hugetlb) must not keep the others back.
    for (const name of wanted)
      await writeFile(`${dir}/cgroup.subtree_control`, `+${name}`).catch((error: Error) => {
        if (NEEDED.includes(name)) throw new Error(`cannot enable the ${name} controller below ${dir}: ${error.message}`, { cause: error });
      });
  }
}

async function removeTree(dir: string): Promise<void> {
  for (const name of await subdirectories(dir)) await removeTree(`${dir}/${name}`);
  await rmdir(dir).catch(ignoreMissing);
}

async function subdirectories(dir: string): Promise<string[]> {
  const entries = (await readdir(dir, { withFileTypes: true }).catch(ignoreMissing)) ?? [];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function processesIn(dir: string): Promise<number[]> {
  const own = (await readFile(`${dir}/cgroup.procs`, 'utf8').catch(ignoreMissing)) ?? '';
  const below = await Promise.all((await subdirectories(dir)).map((name) => processesIn(`${dir}/${name}`)));
  return [...own.split('\n').filter(Boolean).map(Number), ...below.flat()];
}

async function usageV1(dirOf: (controller: string, path: string) => string, path: string): Promise<CgroupUsage | undefined> {
  const read = (controller: string, file: string) => readFile(`${dirOf(controller, path)}/${file}`, 'utf8').catch(ignoreMissing);
  const [memory, stat, cpu, pids] = await Promise.all([
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.stat'),
    read('cpuacct', 'cpuacct.usage'),
    read('pids', 'pids.current'),
  ]);
  if (memory === undefined) return undefined;
  return usageOf(Number(memory), statValue(stat ?? '', 'total_inactive_file'), Number(cpu ?? 0), Number(pids ?? 0));
}

async function usageV2(dir: string): Promise<CgroupUsage | undefined> {
  const read = (file: string) => readFile(`${dir}/${file}`, 'utf8').catch(ignoreMissing);
  const [memory, stat, cpu, pids] = await Promise.all([
    read('memory.current'),
    read('memory.stat'),
    read('cpu.stat'),
    read('pids.current'),
  ]);
  if (memory === undefined) return undefined;
  return usageOf(Number(memory), statValue(stat ?? '', 'inactive_file'), statValue(cpu ?? '', 'usage_usec') * 1000, Number(pids ?? 0));
}

function usageOf(memoryUsageBytes: number, inactiveFileBytes: number, cpuUsageNanos: number, processes: number): CgroupUsage {
  return { cpuUsageNanos, memoryUsageBytes, memoryWorkingSetBytes: Math.max(0, memoryUsageBytes - inactiveFileBytes), processes };
}

async function readActivityV1(dirOf: (controller: string, path: string) => string, path: string): Promise<CgroupActivity | undefined> {
  const read = (controller: string, file: string) => readFile(`${dirOf(controller, path)}/${file}`, 'utf8').catch(ignoreMissing);
  const [memoryStat, cpuStat = '', cpuLimit = '', serviced = '', serviceBytes = ''] = await Promise.all([
    read('memory', 'memory.stat'),
    read('cpu', 'cpu.stat'),
    read('cpu', 'cpu.cfs_quota_us'),
    read('blkio', 'blkio.throttle.io_serviced_recursive'),
    read('blkio', 'blkio.throttle.io_service_bytes_recursive'),
  ]);
  return memoryStat === undefined ? undefined : activityV1({ memoryStat, cpuStat, cpuLimit, serviced, serviceBytes });
}

async function readActivityV2(dir: string): Promise<CgroupActivity | undefined> {
  const read = (file: string) => readFile(`${dir}/${file}`, 'utf8').catch(ignoreMissing);
  const [memoryStat, cpuStat = '', cpuLimit = '', swapCurrent = '', ioStat = ''] = await Promise.all([
    read('memory.stat'),
    read('cpu.stat'),
    read('cpu.max'),
    read('memory.swap.current'),
    read('io.stat'),
  ]);
  return memoryStat === undefined ? undefined : activityV2({ memoryStat, cpuStat, cpuLimit, swapCurrent, ioStat });
}

/** ENODEV: the cgroup went away between opening and reading. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENODEV') throw error;
  return undefined;
}
