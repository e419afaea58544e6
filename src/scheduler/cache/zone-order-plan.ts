import type { Node } from '../../api/schema/generated/types.ts';

const ZONE = 'topology.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const OLD_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const OLD_REGION = 'failure-domain.beta.kubernetes.io/region';

/** Region and zone of a node as one text; '' when it has neither. */
export function zoneOf({ metadata }: Node): string {
  const labels = metadata?.labels;
  if (!labels) return '';
  const zone = labels[ZONE] ?? labels[OLD_ZONE] ?? '';
  const region = labels[REGION] ?? labels[OLD_REGION] ?? '';
  return zone === '' && region === '' ? '' : `${region}:\0:${zone}`;
}

/** One of each zone in turn, so that a sample of the first nodes has all zones in it. The order within a zone stays. */
export function inZoneOrder<T>(nodes: Iterable<T>, zone: (node: T) => string): T[] {
  const zones = new Map<string, T[]>();
  for (const node of nodes) {
    const name = zone(node);
    const members = zones.get(name);
    if (members) members.push(node);
    else zones.set(name, [node]);
  }
  if (zones.size === 1) return [...zones.values()][0] ?? [];
  const longest = Math.max(0, ...[...zones.values()].map((members) => members.length));
  const order: T[] = [];
  for (let round = 0; round < longest; round += 1) {
    for (const members of zones.values()) {
      const node = members[round];
      if (node !== undefined) order.push(node);
    }
  }
  return order;
}
