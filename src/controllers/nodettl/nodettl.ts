import { nodes } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { nextStep, secondsOf } from './node-ttl-plan.ts';

/** Kubernetes: well-known annotations. */
const ANNOTATION = 'node.alpha.kubernetes.io/ttl';

/** Tells nodes by an annotation for how long they may keep what they read, by the size of the cluster. */
export function nodeTtl(): Controller {
  let step = 0;
  return {
    name: 'ttl',
    reads: ['nodes'],
    writes: ['nodes'],
    enqueue: {
      // When the number of nodes reaches another step, all of them are to say so.
      nodes: (node, { informer }) => {
        const all = informer(nodes).list();
        const before = step;
        step = nextStep(step, all.length);
        return step === before ? [node.metadata?.name ?? ''] : all.map((n) => n.metadata?.name ?? '');
      },
    },
    async reconcile({ key, informer, client, signal }) {
      const node = informer(nodes).get(key);
      const seconds = String(secondsOf(step));
      if (!node || node.metadata?.annotations?.[ANNOTATION] === seconds) return;
      await client.patch(nodes, key, 'strategic', { metadata: { annotations: { [ANNOTATION]: seconds } } }, { signal }).catch((error) => {
        if (!isNotFound(error)) throw error;
      });
    },
  };
}
