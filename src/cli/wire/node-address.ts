import { readFileSync } from 'node:fs';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Name of the interface that the IPv4 default route leaves by: a line of /proc/net/route whose destination and mask are zero. */
function defaultInterface(): string | undefined {
  try {
    const rows = readFileSync('/proc/net/route', 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    return rows.find(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')?.[0];
  } catch {
    return undefined;
  }
}

/** Not of one link alone. */
const isReachable = ({ internal, address, family }: NetworkInterfaceInfo) =>
  !internal && !(family === 'IPv6' && /^fe[89ab]/i.test(address));

/**
 * The machine's own address in each family of the cluster, where it has one: that of the default route's interface, else the first that is not loopback. 127.0.0.1 where
 * there is none at all.
 */
export function ownAddresses(clusterCidrs: readonly string[]): readonly string[] {
  const all = networkInterfaces();
  const preferred = defaultInterface();
  const candidates = [...(preferred ? (all[preferred] ?? []) : []), ...Object.values(all).flatMap((list) => list ?? [])];
  const families = clusterCidrs.map((cidr) => (cidr.includes(':') ? 'IPv6' : 'IPv4'));
  const own = families.flatMap((family) => candidates.find((one) => one.family === family && isReachable(one))?.address ?? []);
  return own.length > 0 ? own : ['127.0.0.1'];
}
