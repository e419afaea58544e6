import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { resourceQuotas } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { type QuotaView, weighedResources } from '../../api/quota/quota.ts';
import type { Controller, ControllerContext, LiveKinds } from '../../client/controller.ts';
import { countedBy, isUpToDate, planUsage } from './usage-plan.ts';

const QUOTAS = 'resourcequotas';

const isWeighed = (id: string) => weighedResources.includes(id);

/** What is counted, or looked at for that: each kind once, whatever the number of its versions. Events come and go by themselves: nobody counts them. */
function counted(resources: readonly ResourceDefinition[]): ReadonlyMap<string, ResourceDefinition> {
  const wanted = resources.filter(
    (r) =>
      (r.scope === 'Namespaced' || isWeighed(resourceId(r))) &&
      !r.storedAs &&
      r.persistence !== 'none' &&
      r.kind !== 'Event' &&
      r.verbs.includes('list') &&
      r.verbs.includes('watch'),
  );
  return new Map(wanted.map((r) => [resourceId(r), r]));
}

/**
 * Keeps `status.used` and `status.hard` of quotas true. Admission counts by itself: this is what people see (Kubernetes: "Resource Quotas").
 */
export function resourceQuota({ resources, custom }: { resources: readonly ResourceDefinition[]; custom?: LiveKinds }): Controller {
  const builtIn = counted(resources);
  const resourceOf = (id: string) => builtIn.get(id) ?? custom?.current().find((resource) => resourceId(resource) === id);
  const concerned = (id: string, object: KubeObject, { informer }: ControllerContext) =>
    informer(resourceQuotas)
      .by('namespace', object.metadata?.namespace ?? '')
      .filter((quota) => countedBy(quota).includes(id))
      .map(objectKey);
  const viewOf = ({ informer }: Pick<ControllerContext, 'informer'>): QuotaView => ({
    get<T extends KubeObject>(id: string, namespace: string, name: string) {
      const resource = resourceOf(id);
      return resource && (informer(resource).get(objectKey({ metadata: { namespace, name } })) as T | undefined);
    },
    list<T extends KubeObject>(id: string, namespace?: string) {
      const resource = resourceOf(id);
      if (!resource) return [];
      return (namespace ? informer(resource).by('namespace', namespace) : informer(resource).list()) as readonly T[];
    },
  });
  const others = [...builtIn.keys()].filter((id) => id !== QUOTAS);
  return {
    name: 'resourcequota',
    reads: [QUOTAS, ...others.filter(isWeighed)],
    readsOutlines: others.filter((id) => !isWeighed(id)),
    writes: ['resourcequotas/status'],
    enqueue: {
      ...Object.fromEntries(others.map((id) => [id, (object: KubeObject, context: ControllerContext) => concerned(id, object, context)])),
      [QUOTAS]: (object, context) => [objectKey(object), ...concerned(QUOTAS, object, context)],
    },
    ...(custom && {
      readsLive: custom,
      enqueueLive: (resource, object, context) => concerned(resourceId(resource), object, context),
    }),
    async reconcile({ key, client, informer, clock, signal }) {
      const quota = informer(resourceQuotas).get(key);
      if (!quota || quota.metadata?.deletionTimestamp) return undefined;
      const now = clock.now();
      const { status, fadesAtMs } = planUsage(quota, viewOf({ informer }), now);
      if (!isUpToDate(quota, status)) {
        await client.update(resourceQuotas, { ...quota, status }, { subresource: 'status', signal }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
      return fadesAtMs === undefined ? undefined : { afterMs: fadesAtMs - now + 1 };
    },
  };
}
