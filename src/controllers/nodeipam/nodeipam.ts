import { nodes } from '../../api/index.ts';
import type { Controller } from '../../client/controller.ts';
import { NodeParts } from './cidr-plan.ts';

/** Addresses of pods, and how many bits of prefix a node's part has. */
export interface PodRange {
  readonly cidr: string;
  readonly nodeBits: number;
}

/**
 * Gives each node its part of the cluster's pod addresses (`spec.podCIDR`, `spec.podCIDRs`). One worker: two nodes never get the same part.
 */
export const nodeipam = (options: { ranges: readonly PodRange[] }): Controller => {
  const ranges = options.ranges.map(({ cidr, nodeBits }) => new NodeParts(cidr, nodeBits));
  const note = (name: string, cidrs: readonly string[]) => {
    for (const range of ranges) range.note(name, cidrs);
  };
  return {
    name: 'nodeipam',
    eventSource: 'cidrAllocator',
    reads: ['nodes'],
    writes: ['nodes'],
    workers: 1,
    enqueue: {
      nodes: ({ metadata }, { informer }) => {
        const name = metadata?.name ?? '';
        const node = informer(nodes).get(name);
        // A node that has none yet in the cache may have been given some a moment ago.
        if (!node || node.spec?.podCIDRs?.length) note(name, node?.spec?.podCIDRs ?? []);
        return [name];
      },
    },
    async reconcile({ key, client, informer, event, signal }) {
      const node = informer(nodes).get(key);
      if (!node || node.spec?.podCIDR) return undefined;
      const podCIDRs = ranges.map((range) => range.next()).filter((cidr) => cidr !== undefined);
      if (podCIDRs.length < ranges.length) {
        event(node, 'Warning', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`);
        return { afterMs: 60_000 };
      }
      note(key, podCIDRs);
      await client.patch(nodes, key, 'strategic', { spec: { podCIDR: podCIDRs[0], podCIDRs } }, { signal });
      return undefined;
    },
  };
};
