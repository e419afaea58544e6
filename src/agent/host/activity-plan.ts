import { statValue } from './cgroup-plan.ts';

/** What a cgroup and those below it did with one block device, since it is there. */
export interface DeviceActivity {
  /** `major:minor`. */
  readonly device: string;
  readonly reads: number;
  readonly readBytes: number;
  readonly writes: number;
  readonly writeBytes: number;
}

/** How often a CPU limit held a cgroup back, since it is there. */
export interface Throttling {
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNanos: number;
}

/** What a cgroup does, beyond what decides about pods: for people who look into it. */
export interface CgroupActivity {
  /** Anonymous memory. */
  readonly rssBytes: number;
  /** Page cache, tmpfs included. */
  readonly cacheBytes: number;
  readonly mappedFileBytes: number;
  readonly swapBytes: number;
  /** Absent without a CPU limit. */
  readonly throttling?: Throttling;
  /** Devices that it used. */
  readonly devices: readonly DeviceActivity[];
}

/** The interface files that the activity is read from; what the kernel does not have is empty. */
export interface ActivityFiles {
  readonly memoryStat: string;
  readonly cpuStat: string;
  /** v1: microseconds, -1 for none. v2: cpu.max, quota and period. */
  readonly cpuLimit: string;
}
export interface ActivityFilesV1 extends ActivityFiles {
  readonly serviced: string;
  readonly serviceBytes: string;
}
export interface ActivityFilesV2 extends ActivityFiles {
  readonly swapCurrent: string;
  readonly ioStat: string;
}

/** Source: the kernel's documentation of cgroup v1, memory, CFS bandwidth control and block IO controller. */
export function activityV1({ memoryStat, cpuStat, cpuLimit, serviced, serviceBytes }: ActivityFilesV1): CgroupActivity {
  const throttledNanos = statValue(cpuStat, 'throttled_time');
  return {
    rssBytes: statValue(memoryStat, 'total_rss'),
    cacheBytes: statValue(memoryStat, 'total_cache'),
    mappedFileBytes: statValue(memoryStat, 'total_mapped_file'),
    swapBytes: statValue(memoryStat, 'total_swap'),
    ...(Number(cpuLimit) > 0 && { throttling: { ...periods(cpuStat), throttledNanos } }),
    devices: devicesV1(serviced, serviceBytes),
  };
}

/** Source: the kernel's documentation of cgroup v2. */
export function activityV2({ memoryStat, cpuStat, cpuLimit, swapCurrent, ioStat }: ActivityFilesV2): CgroupActivity {
  const throttledNanos = statValue(cpuStat, 'throttled_usec') * 1000;
  return {
    rssBytes: statValue(memoryStat, 'anon'),
    cacheBytes: statValue(memoryStat, 'file'),
    mappedFileBytes: statValue(memoryStat, 'file_mapped'),
    swapBytes: Number(swapCurrent),
    ...(/^\d/.test(cpuLimit) && { throttling: { ...periods(cpuStat), throttledNanos } }),
    devices: devicesV2(ioStat),
  };
}

const periods = (cpuStat: string) => ({
  periods: statValue(cpuStat, 'nr_periods'),
  throttledPeriods: statValue(cpuStat, 'nr_throttled'),
});

/** Lines of `8:0 Read 42`, and a total without a device. */
function devicesV1(serviced: string, serviceBytes: string): DeviceActivity[] {
  const value = (text: string, device: string, operation: string) => statValue(text, `${device} ${operation}`);
  const names = new Set([...serviced.matchAll(/^(\d+:\d+) /gm)].map(([, device = '']) => device));
  return [...names].map((device) => ({
    device,
    reads: value(serviced, device, 'Read'),
    readBytes: value(serviceBytes, device, 'Read'),
    writes: value(serviced, device, 'Write'),
    writeBytes: value(serviceBytes, device, 'Write'),
  }));
}

/** Lines of `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`. */
function devicesV2(ioStat: string): DeviceActivity[] {
  return [...ioStat.matchAll(/^(\d+:\d+) (.*)$/gm)].map(([, device = '', values = '']) => {
    const value = (key: string) => Number(new RegExp(`(?:^| )${key}=(\\d+)`).exec(values)?.[1] ?? 0);
    return { device, reads: value('rios'), readBytes: value('rbytes'), writes: value('wios'), writeBytes: value('wbytes') };
  });
}

/** Names by `major:minor` of /proc/partitions: `/dev/sda`. */
export function blockDeviceNames(partitions: string): ReadonlyMap<string, string> {
  const lines = [...partitions.matchAll(/^ *(\d+) +(\d+) +\d+ (\S+)$/gm)];
  return new Map(lines.map(([, major, minor, name]) => [`${major}:${minor}`, `/dev/${name}`]));
}
