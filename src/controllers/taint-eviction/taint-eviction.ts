import { nodes, pods } from '../../api/index.ts';
import { type KubeObject, objectKey, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { evictingTaints, staysForMs } from './taint-eviction-plan.ts';

const podNode = (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []);

/**
 * Deletes pods that do not tolerate the NoExecute taints of their node, or no longer. A tolerated time begins when this controller first sees the
 * pod and the taint together, on its own clock: a restart of the server gives pods their whole time again.
 */
export function taintEviction(): Controller {
  /** Pod -> when its time on the tainted node began. */
  const since = new Map<string, number>();
  return {
    name: 'taint-eviction',
    reads: ['pods', 'nodes'],
    writes: ['pods', 'pods/status'],
    workers: 8,
    indexes: { pods: { node: podNode } },
    enqueue: {
      pods: (pod, { informer }) => {
        const [name] = podNode(pod as Pod);
        const isConcerned = since.has(objectKey(pod)) || (name !== undefined && evictingTaints(informer(nodes).get(name)).length > 0);
        return isConcerned ? [objectKey(pod)] : [];
      },
      nodes: (node, { informer }) =>
        evictingTaints(node as Node).length > 0
          ? informer(pods)
              .by('node', node.metadata?.name ?? '')
              .map(objectKey)
          : [],
    },
    async reconcile(request) {
      const { key, informer, clock, event } = request;
      const pod = informer(pods).get(key);
      const taints = evictingTaints(informer(nodes).get(pod?.spec?.nodeName ?? ''));
      const stays = pod && taints.length > 0 ? staysForMs(pod, taints) : undefined;
      if (!pod || stays === undefined) {
        if (since.delete(key)) event(pod ?? referenceOf(key), 'Normal', 'TaintManagerEviction', `Cancelling deletion of Pod ${key}`);
        return undefined;
      }
      if (pod.metadata?.deletionTimestamp) return undefined;
      const began = since.get(key) ?? clock.monotonic();
      const remainingMs = began + stays - clock.monotonic();
      if (remainingMs > 0) {
        since.set(key, began);
        return { afterMs: remainingMs };
      }
      await evict(pod, request);
      since.delete(key);
      return undefined;
    },
  };
}

function referenceOf(key: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: splitKey(key) };
}

/** Says why on the pod (KEP-3329), then deletes it: this one, and no other that has got its name meanwhile. */
async function evict(pod: Pod, { key, client, clock, event, signal }: ReconcileRequest): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'DeletionByTaintManager',
    message: 'Taint manager: deleting due to NoExecute taint',
    lastTransitionTime: rfc3339(clock.now()),
  };
  event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
  try {
    const patch = { metadata: { uid }, status: { conditions: [condition] } };
    await client.patch(pods, name, 'strategic', patch, { namespace, subresource: 'status', signal });
    await client.delete(pods, name, { namespace, delete: { preconditions: { uid } }, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
