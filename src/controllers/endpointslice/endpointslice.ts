import { serviceKeyOf } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, pods, services } from '../../api/index.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { EndpointSlice, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext } from '../../client/controller.ts';
import { hasSelector, selects } from '../lib/service-backend-plan.ts';
import { MANAGED_BY, MANAGED_BY_LABEL, planSlices } from './endpointslice-plan.ts';

const isOurs = (slice: KubeObject) => slice.metadata?.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;
const podKeys = (slice: EndpointSlice) =>
  (slice.endpoints ?? []).flatMap((e) => (e.targetRef?.kind === 'Pod' ? [`${e.targetRef.namespace}/${e.targetRef.name}`] : []));

/** Services that select the pod now, and those whose slices still name it: its labels may have changed. */
function servicesOfPod(pod: KubeObject, context: ControllerContext): string[] {
  const selecting = context
    .informer(services)
    .by('namespace', pod.metadata?.namespace ?? '')
    .filter((s) => selects(s, pod.metadata?.labels));
  const naming = context.informer(endpointSlices).by('pod', objectKey(pod));
  return [...new Set([...selecting.map(objectKey), ...naming.filter(isOurs).map(serviceKeyOf)])];
}

/** Keeps EndpointSlices of Services with a selector (Kubernetes: EndpointSlices). Slices of deleted Services are the garbage collector's. */
export const endpointslice: Controller = {
  name: 'endpointslice',
  eventSource: 'endpoint-slice-controller',
  reads: ['services', 'pods', 'endpointslices.discovery.k8s.io'],
  writes: ['endpointslices.discovery.k8s.io'],
  workers: 5,
  indexes: {
    'endpointslices.discovery.k8s.io': { service: (slice: EndpointSlice) => [serviceKeyOf(slice)], pod: podKeys },
  },
  enqueue: {
    pods: servicesOfPod,
    'endpointslices.discovery.k8s.io': (slice) => (isOurs(slice) ? [serviceKeyOf(slice)] : []),
  },
  async reconcile({ key, client, informer, signal }) {
    const service = informer(services).get(key);
    if (!service || service.metadata?.deletionTimestamp || !hasSelector(service)) return;
    const { namespace = '' } = service.metadata ?? {};
    const matching = informer(pods)
      .by('namespace', namespace)
      .filter((pod: Pod) => selects(service, pod.metadata?.labels));
    const plan = planSlices(service, matching, informer(endpointSlices).by('service', key).filter(isOurs));
    for (const slice of plan.create) await client.create(endpointSlices, slice, { namespace, signal });
    for (const slice of plan.update) await client.update(endpointSlices, slice, { namespace, signal });
    for (const slice of plan.remove) {
      await client.delete(endpointSlices, slice.metadata?.name ?? '', { namespace, signal }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
  },
};
