import { nodes } from '../../api/index.ts';
import type { Controller } from '../../client/controller.ts';
import { nextNodeCidr } from './cidr-plan.ts';

/**
 * Gives each node its part of the cluster's pod addresses (`spec.podCIDR`, `spec.podCIDRs`). One worker: two nodes never get the same part, and the loop
 * does not go on before the informer shows what was written.
 */
export const nodeipam = (options: { clusterCidrs: readonly string[] }): Controller => {
  /** Given out, but perhaps not yet in the informer. */
  const given = new Map<string, readonly string[]>();
  return {
    name: 'nodeipam',
    eventSource: 'cidrAllocator',
    reads: ['nodes'],
    writes: ['nodes'],
    workers: 1,
    async reconcile({ key, client, informer, event, signal }) {
      const node = informer(nodes).get(key);
      if (!node) {
        given.delete(key);
        return undefined;
      }
      if (node.spec?.podCIDR) return undefined;
      const others = informer(nodes)
        .list()
        .filter((n) => n.metadata?.name !== key);
      const taken = [
        ...others.flatMap((n) => n.spec?.podCIDRs ?? []),
        ...[...given].filter(([name]) => name !== key).flatMap(([, cidrs]) => cidrs),
      ];
      const podCIDRs: string[] = [];
      for (const cluster of options.clusterCidrs) {
        const cidr = nextNodeCidr(cluster, taken);
        if (cidr === undefined) {
          event(node, 'Warning', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`);
          return { afterMs: 60_000 };
        }
        podCIDRs.push(cidr);
      }
      given.set(key, podCIDRs);
      await client.patch(nodes, key, 'strategic', { spec: { podCIDR: podCIDRs[0], podCIDRs } }, { signal });
      return undefined;
    },
  };
};
