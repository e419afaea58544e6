import { formatQuantity } from '../../base/quantity.ts';
import type { Point, Scrape } from './scrape-plan.ts';

/** Two scrapes of one kubelet, the earlier first. */
export interface Scrapes {
  readonly previous: Scrape;
  readonly latest: Scrape;
}

/** What was used on average between two times; memory is of the later one. */
export interface Usage {
  readonly atMs: number;
  readonly windowMs: number;
  readonly cpu: string;
  readonly memory: string;
}

/** A container that is younger than this is not told about yet: its start says nothing of what comes. (metrics-server) */
const FRESH_MS = 10_000;

export const nodeUsage = ({ previous, latest }: Scrapes): Usage | undefined => usage(previous.node, latest.node);

/** By container; undefined when not all of them can be told about. */
export function podUsage({ previous, latest }: Scrapes, key: string): ReadonlyMap<string, Usage> | undefined {
  const now = latest.pods.get(key);
  if (!now || now.size === 0) return undefined;
  const found = new Map<string, Usage>();
  for (const [name, point] of now) {
    const used = usage(baseline(previous.pods.get(key)?.get(name), point), point);
    if (!used) return undefined;
    found.set(name, used);
  }
  return found;
}

/** What the latest point is compared with: the one before, or the start of a container that started since. */
function baseline(previous: Point | undefined, latest: Point): Point | undefined {
  if (previous && latest.startedAtMs <= previous.atMs) return previous;
  const startedAtMs = latest.startedAtMs;
  return startedAtMs > 0 && latest.atMs - startedAtMs >= FRESH_MS ? { ...latest, atMs: startedAtMs, cpuSeconds: 0 } : undefined;
}

function usage(previous: Point | undefined, latest: Point | undefined): Usage | undefined {
  if (!previous || !latest) return undefined;
  const windowMs = latest.atMs - previous.atMs;
  const seconds = latest.cpuSeconds - previous.cpuSeconds;
  if (windowMs <= 0 || seconds < 0) return undefined;
  const nanoCores = Math.round((seconds * 1e12) / windowMs);
  return {
    atMs: latest.atMs,
    windowMs,
    cpu: formatQuantity({ nanos: BigInt(nanoCores), format: 'DecimalSI' }),
    memory: formatQuantity({ nanos: BigInt(Math.round(latest.memoryBytes)) * 1_000_000_000n, format: 'BinarySI' }),
  };
}

/** The one whose end is the earliest: a pod is as old as its oldest container. */
export const earliest = (usages: Iterable<Usage>): Usage | undefined =>
  [...usages].reduce<Usage | undefined>((first, each) => (first && first.atMs <= each.atMs ? first : each), undefined);
