import { nodes, pods } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';

/** Upstream's default of --terminated-pod-gc-threshold. */
const MAX_ENDED_PODS = 12_500;
/** A node that is not known may just be on its way into the informer: its pods are looked at again after this time. */
const QUARANTINE_MS = 40_000;

const hasEnded = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Ended pods beyond the threshold, oldest first. */
export function surplus(ended: readonly Pod[], limit: number): Pod[] {
  const byAge = [...ended].sort((a, b) => ((a.metadata?.creationTimestamp ?? '') < (b.metadata?.creationTimestamp ?? '') ? -1 : 1));
  return byAge.slice(0, Math.max(0, ended.length - limit));
}

/** Removes pods that nobody else will: of nodes that are gone, deleted before they were scheduled, and ended ones beyond the threshold. */
export const podgc: Controller = {
  name: 'podgc',
  reads: ['pods', 'nodes'],
  writes: ['pods', 'pods/status'],
  indexes: {
    pods: { node: (pod: Pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []), ended: (pod: Pod) => (hasEnded(pod) ? ['yes'] : []) },
  },
  enqueue: {
    // A node that left: each of its pods is looked at.
    nodes: (node, { informer }) =>
      informer(pods)
        .by('node', node.metadata?.name ?? '')
        .map((p) => `${p.metadata?.namespace}/${p.metadata?.name}`),
  },
  async reconcile({ key, client, informer, clock, log, signal }) {
    const pod = informer(pods).get(key);
    if (!pod) return;
    const { name = '', namespace } = pod.metadata ?? {};
    const node = pod.spec?.nodeName;
    const remove = async (why: string) => {
      log.info({ pod: key, node, why }, 'removing a pod that nobody looks after');
      await client.delete(pods, name, { namespace, delete: { gracePeriodSeconds: 0 }, signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    };
    if (!node) return pod.metadata?.deletionTimestamp ? remove('deleted before it was scheduled') : undefined;
    const ended = informer(pods).by('ended', 'yes');
    if (hasEnded(pod) && ended.length > MAX_ENDED_PODS && surplus(ended, MAX_ENDED_PODS).includes(pod))
      return remove('too many ended pods');
    if (informer(nodes).get(node)) return undefined;
    const age = clock.now() - Date.parse(pod.metadata?.creationTimestamp ?? '');
    if (age < QUARANTINE_MS) return { afterMs: QUARANTINE_MS - age };
    const gone = await client.get(nodes, node, { signal }).then(
      () => false,
      (error: unknown) => isNotFound(error),
    );
    return gone ? remove('its node is gone') : undefined;
  },
};
