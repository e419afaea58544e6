import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

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

/** The machine's own address: that of the default route's interface, else the first that is not loopback, else 127.0.0.1. */
export function ownAddress(): string {
  const all = networkInterfaces();
  const preferred = defaultInterface();
  const candidates = [...(preferred ? (all[preferred] ?? []) : []), ...Object.values(all).flatMap((list) => list ?? [])];
  return candidates.find((a) => a.family === 'IPv4' && !a.internal)?.address ?? '127.0.0.1';
}
