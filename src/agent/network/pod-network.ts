import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../base/logger.ts';
import { run } from '../host/spawn.ts';
import { type CniFacts, cniConfig } from './cni-plan.ts';

/** Kernel settings without which pods cannot reach each other through Services, with what follows from missing ones. */
const SYSCTLS: readonly (readonly [key: string, value: string])[] = [
  ['net/ipv4/ip_forward', '1'],
  ['net/ipv6/conf/all/forwarding', '1'],
  // Answers between two pods of one bridge must pass the rules that undo the Service's address.
  ['net/bridge/bridge-nf-call-iptables', '1'],
  ['net/bridge/bridge-nf-call-ip6tables', '1'],
];

/** Distributions' kernels have the bridge's filter as a module that nothing loads by itself. Where it cannot be loaded, setSysctls tells. */
async function loadBridgeFilter(): Promise<void> {
  if (!existsSync('/proc/sys/net/bridge')) await run('modprobe', ['br_netfilter']).catch(() => {});
}

/** Sets what can be set; a setting that the kernel does not have (no IPv6, no bridge filter) is logged. */
export async function setSysctls(log: Logger): Promise<void> {
  await loadBridgeFilter();
  for (const [key, value] of SYSCTLS) {
    await writeFile(join('/proc/sys', key), value).catch((error: Error) =>
      log.warn({ key, error: error.message }, 'kernel setting not available'),
    );
  }
}

/** Writes the CNI configuration into place; containerd sees the directory change. */
export async function writeCniConfig(directory: string, facts: CniFacts): Promise<void> {
  await mkdir(directory, { recursive: true });
  await mkdir(facts.ipamDir, { recursive: true });
  const path = join(directory, '10-minik.conflist');
  await writeFile(`${path}.tmp`, cniConfig(facts));
  await rename(`${path}.tmp`, path);
}

const hostPrefix = (address: string) => `${address}/${address.includes(':') ? 128 : 32}`;

/** Makes the address one of the node's own, on the loopback device: pods reach it through their gateway. Safe to repeat. */
export async function addLocalAddress(address: string, { signal }: { signal: AbortSignal }): Promise<void> {
  await run('ip', ['address', 'replace', hostPrefix(address), 'dev', 'lo'], { signal });
}

export async function removeLocalAddress(address: string): Promise<void> {
  await run('ip', ['address', 'delete', hostPrefix(address), 'dev', 'lo'], { okExitCodes: [0, 2] });
}

/**
 * Without a route the kernel refuses the machine's own packets to a Service before our rules can give them a pod's address. Most machines have a
 * default route; for one that has none (a box without an uplink) the range is routed to loopback, from where the rules take it. `source`: the address that the
 * machine's own packets come from; undefined leaves it to the kernel. True when a route was made.
 */
export async function addServiceRoute(
  serviceCidr: string,
  source: string | undefined,
  { signal }: { signal: AbortSignal },
): Promise<boolean> {
  const probe = serviceCidr.replace(/\/\d+$/, '');
  const { exitCode } = await run('ip', ['route', 'get', probe], { signal, okExitCodes: [0, 1, 2] });
  if (exitCode === 0) return false;
  await run('ip', ['route', 'replace', serviceCidr, 'dev', 'lo', ...(source ? ['src', source] : [])], { signal });
  return true;
}

export async function removeServiceRoute(serviceCidr: string): Promise<void> {
  await run('ip', ['route', 'delete', serviceCidr, 'dev', 'lo'], { okExitCodes: [0, 2] });
}

/** Runs an nft script as one transaction. */
export const nft = async (script: string, { signal }: { signal: AbortSignal }): Promise<void> => {
  await run('nft', ['-f', '-'], { input: script, signal });
};

/** Exit code 1 of conntrack says that there was nothing to delete. */
export const forgetUdpFlows = async (address: string, port: number, { signal }: { signal: AbortSignal }): Promise<void> => {
  await run('conntrack', ['--delete', '--proto', 'udp', '--orig-dst', address, '--dport', String(port)], { signal, okExitCodes: [0, 1] });
};
