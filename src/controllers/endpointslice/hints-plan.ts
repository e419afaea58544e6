import type { Endpoint, Node, Service } from '../../api/schema/generated/types.ts';
import { milliValue } from '../../base/quantity.ts';

const MODE_ANNOTATIONS = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];
const CONTROL_PLANE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];
const ZONE_LABEL = 'topology.kubernetes.io/zone';
/** An endpoint gets so much more than its share of the load at most. */
const OVERLOAD = 0.2;

/** Zone -> its part of the CPU of all nodes; undefined when a node does not say enough, or all are in one zone. */
export type ZoneShares = ReadonlyMap<string, number> | undefined;

export interface HintPlan {
  readonly endpoints: readonly Endpoint[];
  /** Why a Service that asks for hints by its annotation has none. */
  readonly problem?: string;
}

/** Does the Service ask for zones by its annotation (Kubernetes: "Topology Aware Routing")? It counts before `trafficDistribution`. */
export function wantsZonesByLoad({ metadata }: Service): boolean {
  const mode = MODE_ANNOTATIONS.map((name) => metadata?.annotations?.[name]).find((value) => value !== undefined);
  return mode === 'Auto' || mode === 'auto';
}

export const zoneOf = (node: Node | undefined): string | undefined => node?.metadata?.labels?.[ZONE_LABEL] || undefined;

const isCounted = ({ metadata, status }: Node): boolean =>
  (status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false) &&
  !CONTROL_PLANE_LABELS.some((label) => metadata?.labels?.[label] !== undefined);

/** All of a node that `zoneShares` looks at. */
export const shareFacts = (node: Node): string => JSON.stringify(isCounted(node) && [zoneOf(node), node.status?.allocatable?.cpu]);

export function zoneShares(nodes: readonly Node[]): ZoneShares {
  const cpu = new Map<string, number>();
  for (const node of nodes) {
    if (!isCounted(node)) continue;
    const zone = zoneOf(node);
    const milli = milliValue(node.status?.allocatable?.cpu ?? '0');
    if (!zone || milli === 0) return undefined;
    cpu.set(zone, (cpu.get(zone) ?? 0) + milli);
  }
  const total = [...cpu.values()].reduce((a, b) => a + b, 0);
  return cpu.size < 2 ? undefined : new Map([...cpu].map(([zone, milli]) => [zone, milli / total]));
}

const isReady = (endpoint: Endpoint) => endpoint.conditions?.ready === true;

/** Hints by `trafficDistribution` (KEP-4444, KEP-3015): each ready endpoint is for its own zone, and for its own node where nodes are preferred. */
export function hintsByDistribution(service: Service, endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const wanted = service.spec?.trafficDistribution;
  if (!wanted) return endpoints;
  return endpoints.map((endpoint) => {
    const { zone, nodeName } = endpoint;
    const forNode = wanted === 'PreferSameNode' && nodeName ? { forNodes: [{ name: nodeName }] } : {};
    const hints = { ...(zone && { forZones: [{ name: zone }] }), ...forNode };
    return isReady(endpoint) && Object.keys(hints).length > 0 ? { ...endpoint, hints } : endpoint;
  });
}

/**
 * Hints by the annotation: each zone gets endpoints for its part of the CPU, its own ones as far as they go. `hinted`: the zones that endpoints, in the
 * same order, are for already; they stay where that is not too much for the zone.
 */
export function hintsByLoad(endpoints: readonly Endpoint[], hinted: readonly (string | undefined)[], shares: ZoneShares): HintPlan {
  const ready = endpoints.filter(isReady);
  const needs = needsOf(ready.length, shares);
  if (typeof needs === 'string') return { endpoints, problem: needs };
  if (ready.some(({ zone }) => !zone)) return { endpoints, problem: 'One or more endpoints do not have a zone specified' };
  const zones = new Map<Endpoint, string>();
  const counts = new Map<string, number>();
  for (const [i, endpoint] of endpoints.entries()) {
    if (!isReady(endpoint)) continue;
    const before = needs.get(hinted[i] ?? '');
    const stays = before !== undefined && (counts.get(hinted[i] ?? '') ?? 0) < before.most;
    const zone = (stays ? hinted[i] : endpoint.zone) ?? '';
    zones.set(endpoint, zone);
    counts.set(zone, (counts.get(zone) ?? 0) + 1);
  }
  const { giving, receiving } = exchanges(needs, counts);
  for (const [endpoint, zone] of zones) {
    const left = giving.get(zone) ?? 0;
    const [to] = [...receiving].find(([, count]) => count > 0) ?? [];
    if (left === 0 || to === undefined) continue;
    giving.set(zone, left - 1);
    receiving.set(to, (receiving.get(to) ?? 0) - 1);
    zones.set(endpoint, to);
  }
  return {
    endpoints: endpoints.map((endpoint) => {
      const zone = zones.get(endpoint);
      return zone ? { ...endpoint, hints: { forZones: [{ name: zone }] } } : endpoint;
    }),
  };
}

interface Need {
  readonly wanted: number;
  readonly most: number;
}

/** How many endpoints each zone is to have, or why that cannot be. */
function needsOf(count: number, shares: ZoneShares): ReadonlyMap<string, Need> | string {
  if (!shares) return 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes';
  const size = `(${count} endpoints, ${shares.size} zones)`;
  if (shares.size > count) return `Insufficient number of endpoints ${size}`;
  const least = new Map([...shares].map(([zone, share]) => [zone, Math.ceil((share * count) / (1 + OVERLOAD))]));
  const total = [...least.values()].reduce((a, b) => a + b, 0);
  if (total > count) return `Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ${size}`;
  return new Map(
    [...least].map(([zone, minimum]) => [
      zone,
      { wanted: Math.max((shares.get(zone) ?? 0) * count, minimum), most: minimum + count - total },
    ]),
  );
}

/** How many endpoints each zone gives to others and gets from others: whole ones, from the zone with the most too many to the one with the most too few. */
function exchanges(needs: ReadonlyMap<string, Need>, counts: ReadonlyMap<string, number>) {
  const over = new Map<string, number>();
  for (const zone of new Set([...needs.keys(), ...counts.keys()])) {
    over.set(zone, (counts.get(zone) ?? 0) - (needs.get(zone)?.wanted ?? 0));
  }
  const giving = new Map<string, number>();
  const receiving = new Map<string, number>();
  for (;;) {
    const sorted = [...over].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    const [from, toGive] = sorted[0] ?? ['', 0];
    const [to, missing] = sorted.at(-1) ?? ['', 0];
    const toReceive = -missing;
    if (toGive < 0.5 || toReceive < 0.5 || (toGive < 1 && toReceive < 1)) return { giving, receiving };
    over.set(from, toGive - 1);
    over.set(to, missing + 1);
    giving.set(from, (giving.get(from) ?? 0) + 1);
    receiving.set(to, (receiving.get(to) ?? 0) + 1);
  }
}
