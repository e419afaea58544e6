import type { Node } from '../../api/schema/generated/types.ts';
import { evictingKeys, readyCondition } from './node-health-plan.ts';

/** Upstream's defaults of --node-eviction-rate, --secondary-node-eviction-rate, --large-cluster-size-threshold, --unhealthy-zone-threshold. */
const EVICTIONS_PER_SECOND = 0.1;
const SECONDARY_EVICTIONS_PER_SECOND = 0.01;
const LARGE_ZONE_NODES = 50;
const UNHEALTHY_SHARE = 0.55;

const EXCLUDED_LABEL = 'node.kubernetes.io/exclude-disruption';

export type Disruption = 'Normal' | 'PartialDisruption' | 'FullDisruption';

export interface ZonesPlan {
  /** Nothing answers anywhere: rather our own fault than the nodes'. */
  readonly allDisrupted: boolean;
  /** Zone -> nodes a second that may be given the taint which ends their pods. */
  readonly rates: ReadonlyMap<string, number>;
}

/** Region and zone of a node; empty for those that have neither. */
export function zoneOf({ metadata }: Node): string {
  const { labels = {} } = metadata ?? {};
  const region = labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'] ?? '';
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'] ?? '';
  return region || zone ? `${region}/${zone}` : '';
}

/** All of a node that matters to rates and evicting taints. */
export function zoneFacts(node: Node): string {
  const isExcluded = node.metadata?.labels?.[EXCLUDED_LABEL] !== undefined;
  return JSON.stringify([readyCondition(node)?.status, isExcluded, zoneOf(node), evictingKeys(node)]);
}

export function disruptionOf({ ready, notReady }: { ready: number; notReady: number }): Disruption {
  if (ready === 0 && notReady > 0) return 'FullDisruption';
  return notReady > 2 && notReady / (notReady + ready) >= UNHEALTHY_SHARE ? 'PartialDisruption' : 'Normal';
}

function rateOf(disruption: Disruption, size: number): number {
  if (disruption !== 'PartialDisruption') return EVICTIONS_PER_SECOND;
  return size > LARGE_ZONE_NODES ? SECONDARY_EVICTIONS_PER_SECOND : 0;
}

/**
 * How fast pods may be moved off nodes that are not ready (Kubernetes: Nodes, "Rate limits on eviction"): slower, or not at all, where a large part of
 * a zone is not ready, and nowhere when no node is.
 */
export function planZones(nodes: readonly Node[]): ZonesPlan {
  const counts = new Map<string, { ready: number; notReady: number }>();
  for (const node of nodes) {
    if (node.metadata?.labels?.[EXCLUDED_LABEL] !== undefined) continue;
    const zone = zoneOf(node);
    const count = counts.get(zone) ?? { ready: 0, notReady: 0 };
    count[readyCondition(node)?.status === 'True' ? 'ready' : 'notReady'] += 1;
    counts.set(zone, count);
  }
  const zones = [...counts].map(([zone, count]) => ({ zone, size: count.ready + count.notReady, disruption: disruptionOf(count) }));
  const allDisrupted = zones.length > 0 && zones.every(({ disruption }) => disruption === 'FullDisruption');
  return { allDisrupted, rates: new Map(zones.map(({ zone, size, disruption }) => [zone, allDisrupted ? 0 : rateOf(disruption, size)])) };
}

/** Of a zone whose nodes are all left out of the count. */
export const DEFAULT_RATE = EVICTIONS_PER_SECOND;
