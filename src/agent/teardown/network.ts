import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isProgramMissing, run } from '../host/spawn.ts';
import { CNI_NETWORK, POD_BRIDGE } from '../network/cni-plan.ts';
import { removeLocalAddress, removeServiceRoute } from '../network/pod-network.ts';
import { cniResultsOf } from './disk-plan.ts';

const CNI_RESULTS_DIR = '/var/lib/cni/results';
/** Each pod has a result of our network, and one of containerd's own loopback. */
const NETWORKS = [CNI_NETWORK, 'cni-loopback'];
const TABLES = ['ip minik', 'ip6 minik'];

const namesIn = (directory: string): Promise<string[]> => readdir(directory).catch(() => []);

/** The service rules. Resolves with the tables that were there; none when nft is not installed. */
export async function deleteServiceTables(): Promise<string[]> {
  let listing: string;
  try {
    listing = (await run('nft', ['list', 'tables'])).stdout;
  } catch (error) {
    if (isProgramMissing(error)) return [];
    throw error;
  }
  const tables = TABLES.filter((table) => listing.split('\n').includes(`table ${table}`));
  for (const table of tables) await run('nft', ['delete', 'table', ...table.split(' ')]);
  return tables;
}

/** Was the bridge there? /proc shows the devices of this process' network namespace; /sys may show another's. */
export async function deleteBridge(): Promise<boolean> {
  const devices = await readFile('/proc/self/net/dev', 'utf8');
  if (!devices.split('\n').some((line) => line.trimStart().startsWith(`${POD_BRIDGE}:`))) return false;
  await run('ip', ['link', 'delete', POD_BRIDGE]);
  return true;
}

/** Takes the cluster DNS' addresses off the loopback device. `path`: the agent's note of them, one a line. */
export async function deleteDnsAddresses(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const addresses = text.split(/\s+/).filter(Boolean);
  for (const address of addresses) await removeLocalAddress(address);
  return addresses;
}

/** Ranges of Services that were routed to loopback, one a line in the agent's record. */
export async function deleteServiceRoutes(path: string): Promise<string[]> {
  const ranges = (await readFile(path, 'utf8').catch(() => '')).split(/\s+/).filter(Boolean);
  for (const range of ranges) await removeServiceRoute(range);
  return ranges;
}

/** The sandboxes that this minik's containerd knows, or that still hold an address. host-local's files hold the sandbox' id in their first line. */
async function sandboxIds({ cniIpamDir, containerdRoot }: { cniIpamDir: string; containerdRoot: string }): Promise<string[]> {
  const ipam = join(cniIpamDir, CNI_NETWORK);
  const holders = await Promise.all((await namesIn(ipam)).map((name) => readFile(join(ipam, name), 'utf8').catch(() => '')));
  const known = await namesIn(join(containerdRoot, 'io.containerd.grpc.v1.cri/sandboxes'));
  return [...known, ...holders.map((text) => text.split(/\s/)[0] ?? '').filter(Boolean)];
}

/** CNI's cached results of our sandboxes. They lie in one place for all networks and runtimes of the machine. */
export async function deleteCniResults(directories: { cniIpamDir: string; containerdRoot: string }): Promise<number> {
  const own = cniResultsOf(await namesIn(CNI_RESULTS_DIR), NETWORKS, await sandboxIds(directories));
  for (const name of own) await rm(join(CNI_RESULTS_DIR, name), { force: true });
  return own.length;
}
