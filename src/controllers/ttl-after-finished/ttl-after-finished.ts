import { jobs } from '../../api/batch/job.ts';
import { resourceId } from '../../api/define.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Job } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';

/** When a finished Job is to go, in milliseconds since the epoch; undefined: it is not. */
export function expiresMs({ metadata, spec, status }: Job): number | undefined {
  const end = status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
  if (spec?.ttlSecondsAfterFinished === undefined || !end?.lastTransitionTime || metadata?.deletionTimestamp) return undefined;
  return Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}

/** Deletes finished Jobs with their pods in time (https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/). */
export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished',
  reads: [resourceId(jobs)],
  writes: [resourceId(jobs)],
  async reconcile({ key, informer, client, clock, signal }) {
    const job = informer(jobs).get(key);
    const at = job && expiresMs(job);
    if (!job || at === undefined) return undefined;
    if (at > clock.now()) return { afterMs: at - clock.now() };
    const { name = '', namespace, uid, resourceVersion } = job.metadata ?? {};
    // The version: somebody may have given it more time just now. Then, as after any conflict, it is looked at again.
    const options = { propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } } as const;
    await client.delete(jobs, name, { namespace, delete: options, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
    return undefined;
  },
};
