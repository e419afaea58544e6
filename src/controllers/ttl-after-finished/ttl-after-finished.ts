import { jobs } from '../../api/batch/job.ts';
import { resourceId } from '../../api/define.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { planExpiry } from './ttl-after-finished-plan.ts';

/** Deletes finished Jobs with their pods in time (https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/). */
export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished',
  reads: [resourceId(jobs)],
  writes: [resourceId(jobs)],
  async reconcile({ key, informer, client, clock, signal }) {
    const job = informer(jobs).get(key);
    if (!job) return undefined;
    const plan = planExpiry(job, clock.now());
    if (plan.do === 'wait') return { afterMs: plan.ms };
    if (plan.do === 'nothing') return undefined;
    const { name = '', namespace, uid, resourceVersion } = job.metadata ?? {};
    // The version: somebody may have given it more time just now. Then, as after any conflict, it is looked at again.
    const options = { propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } } as const;
    await client.delete(jobs, name, { namespace, delete: options, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return undefined;
  },
};
