import { serviceKeyOf } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, endpoints, services } from '../../api/index.ts';
import { type KubeObject, objectKey, splitKey } from '../../api/meta/object.ts';
import type { EndpointSlice } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';
import { applySlices } from '../lib/apply-slices.ts';
import { MANAGED_BY_LABEL } from '../lib/slice-packing-plan.ts';
import { MANAGED_BY, planMirroring } from './mirroring-plan.ts';

const isOurs = (slice: KubeObject) => slice.metadata?.labels?.[MANAGED_BY_LABEL] === MANAGED_BY;

/** Keeps EndpointSlices for the Endpoints that users write for Services without a selector. */
export const endpointsliceMirroring: Controller = {
  name: 'endpointslicemirroring',
  eventSource: 'endpoint-slice-mirroring-controller',
  reads: ['endpoints', 'services', 'endpointslices.discovery.k8s.io'],
  writes: ['endpointslices.discovery.k8s.io'],
  workers: 5,
  indexes: { 'endpointslices.discovery.k8s.io': { service: (slice: EndpointSlice) => [serviceKeyOf(slice)] } },
  enqueue: {
    services: (service) => [objectKey(service)],
    'endpointslices.discovery.k8s.io': (slice) => (isOurs(slice) ? [serviceKeyOf(slice)] : []),
  },
  async reconcile(request) {
    const { key, informer, event } = request;
    const object = informer(endpoints).get(key);
    const existing = informer(endpointSlices).by('service', key).filter(isOurs);
    const plan = planMirroring({ endpoints: object, service: informer(services).get(key), existing });
    await applySlices(plan, splitKey(key).namespace, request);
    if (object) for (const { reason, message } of plan.findings) event(object, 'Warning', reason, message);
  },
};
