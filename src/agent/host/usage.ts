import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { blockDeviceNames } from './activity-plan.ts';
import {
  bootTimeMs,
  cpuUsageNanos,
  defaultInterface,
  type InterfaceUsage,
  interfaceUsage,
  type MemoryUsage,
  machineMemory,
} from './usage-plan.ts';

export interface FilesystemUsage {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** What the machine as a whole uses. */
export interface MachineUsage {
  /** When the CPU time was read, milliseconds since the epoch: rates are told by it. */
  readonly atMs: number;
  readonly bootTimeMs: number;
  readonly cpuUsageNanos: number;
  readonly memory: MemoryUsage;
  readonly filesystem: FilesystemUsage;
  /** The one that the default route leaves by comes first. */
  readonly interfaces: readonly InterfaceUsage[];
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

/** `dir`: on the file system that pods' data lies on. */
export async function readMachineUsage(dir: string, clock: Pick<Clock, 'now'>): Promise<MachineUsage> {
  const [{ stat, atMs }, meminfo, netDev, routes, filesystem] = await Promise.all([
    read('/proc/stat').then((stat) => ({ stat, atMs: clock.now() })),
    read('/proc/meminfo'),
    read('/proc/net/dev'),
    read('/proc/net/route'),
    readFilesystem(dir),
  ]);
  const main = defaultInterface(routes);
  const interfaces = interfaceUsage(netDev).sort((a, b) => Number(b.name === main) - Number(a.name === main));
  return { atMs, bootTimeMs: bootTimeMs(stat), cpuUsageNanos: cpuUsageNanos(stat), memory: machineMemory(meminfo), filesystem, interfaces };
}

/** Rejects with node's error when the directory is not there. */
export async function readFilesystem(dir: string): Promise<FilesystemUsage> {
  const { blocks, bavail, bfree, bsize, files, ffree } = await statfs(dir);
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
  };
}

/** The interfaces that the process sees: of its pod. Empty when it ended. */
export const networkOfProcess = async (pid: number): Promise<readonly InterfaceUsage[]> =>
  interfaceUsage(await read(`/proc/${pid}/net/dev`));

/** By `major:minor`. */
export const readBlockDeviceNames = async (): Promise<ReadonlyMap<string, string>> => blockDeviceNames(await read('/proc/partitions'));
