import { leases } from '../../api/index.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { Lease, Node } from '../../api/schema/generated/types.ts';
import { type Clock, rfc3339Micro } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';

const NAMESPACE = 'kube-node-lease';
export const LEASE_SECONDS = 40;

/** The node's sign of life (https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats). */
export interface NodeLease {
  /** One request, a second one when the lease is not there yet. Rejects with ApiError. */
  renew(node: Node, options: { signal: AbortSignal }): Promise<void>;
}

export function createNodeLease({ nodeName, client, clock }: { nodeName: string; client: Client; clock: Clock }): NodeLease {
  let exists = false;

  async function create({ metadata }: Node, signal: AbortSignal): Promise<void> {
    const uid = metadata?.uid ?? '';
    const lease: Lease = {
      metadata: {
        name: nodeName,
        namespace: NAMESPACE,
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid }],
      },
      spec: spec(),
    };
    await client.create(leases, lease, { namespace: NAMESPACE, signal });
  }
  const spec = () => ({ holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime: rfc3339Micro(clock.now()) });
  const patch = (signal: AbortSignal) => client.patch(leases, nodeName, 'merge', { spec: spec() }, { namespace: NAMESPACE, signal });

  return {
    async renew(node, { signal }) {
      try {
        if (exists) await patch(signal);
        else await create(node, signal);
      } catch (error) {
        if (isAlreadyExists(error)) await patch(signal);
        else if (isNotFound(error) && exists) await create(node, signal);
        else throw error;
      }
      exists = true;
    },
  };
}
