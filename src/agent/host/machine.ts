import { readFile } from 'node:fs/promises';
import { cpus, hostname, release } from 'node:os';
import { meminfoBytes } from './usage-plan.ts';

/** What a Node's `status.nodeInfo` and `status.capacity` say of the machine. */
export interface Machine {
  hostname: string;
  cpuCount: number;
  memoryBytes: number;
  swapBytes: number;
  /** Kubernetes' name: `amd64`, `arm64`, … */
  architecture: string;
  kernelVersion: string;
  osImage: string;
  bootId: string;
  /** Empty when the system has none. */
  machineId: string;
  systemUuid: string;
}

export async function readMachine(): Promise<Machine> {
  const [meminfo, osRelease, bootId, machineId, productUuid] = await Promise.all([
    read('/proc/meminfo'),
    firstOf('/etc/os-release', '/usr/lib/os-release'),
    read('/proc/sys/kernel/random/boot_id'),
    firstOf('/etc/machine-id', '/var/lib/dbus/machine-id'),
    firstOf('/sys/class/dmi/id/product_uuid', '/proc/device-tree/vm,uuid'),
  ]);
  return {
    hostname: hostname().toLowerCase(),
    cpuCount: Math.max(1, cpus().length),
    memoryBytes: meminfoBytes(meminfo, 'MemTotal'),
    swapBytes: meminfoBytes(meminfo, 'SwapTotal'),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    kernelVersion: release(),
    osImage: osImage(osRelease),
    bootId: bootId.trim(),
    machineId: machineId.trim(),
    systemUuid: productUuid.replaceAll('\0', '').trim() || machineId.trim(),
  };
}

/** Bytes that could be given out without swapping, as the kernel estimates. */
export const availableMemoryBytes = async (): Promise<number> => meminfoBytes(await read('/proc/meminfo'), 'MemAvailable');

/** Go's names by Node's. */
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', ia32: '386', ppc64: 'ppc64le' };

/** PRETTY_NAME of os-release(5), whose values are quoted as in a shell. */
export function osImage(osRelease: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(osRelease)?.[1]?.trim() ?? '';
  const quoted = /^(["'])(.*)\1$/.exec(value);
  return (quoted ? (quoted[2] ?? '').replace(/\\(["$`\\])/g, '$1') : value) || 'Linux';
}

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

async function firstOf(...paths: string[]): Promise<string> {
  for (const path of paths) {
    const text = await read(path);
    if (text.trim()) return text;
  }
  return '';
}
