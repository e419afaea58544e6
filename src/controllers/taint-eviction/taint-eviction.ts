import { nodes, pods } from '../../api/index.ts';
import { type KubeObject, objectKey, splitKey } from '../../api/meta/object.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';
import { disruptPod } from '../lib/disrupt-pod.ts';
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
      event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
      await disruptPod(pod, request, { reason: 'DeletionByTaintManager', message: 'Taint manager: deleting due to NoExecute taint' });
      since.delete(key);
      return undefined;
    },
  };
}

function referenceOf(key: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: splitKey(key) };
}
