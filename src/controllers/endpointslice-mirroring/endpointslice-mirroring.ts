import { serviceKeyOf } from '../../api/discovery/endpoint-slice.ts';
import { endpointSlices, endpoints, services } from '../../api/index.ts';
import { type KubeObject, objectKey, splitKey } from '../../api/meta/object.ts';
import type { EndpointSlice } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';
import { applySlices } from '../lib/apply-slices.ts';
import { MANAGED_BY_LABEL } from '../lib/slice-packing-plan.ts';
import { isMirrored, MANAGED_BY, MAX_PER_SUBSET, planMirror } from './mirroring-plan.ts';

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
    const service = informer(services).get(key);
    const existing = informer(endpointSlices).by('service', key).filter(isOurs);
    const { namespace } = splitKey(key);
    if (!object || !service || service.spec?.selector || !isMirrored(object)) {
      return applySlices({ create: [], update: [], remove: existing }, namespace, request);
    }
    if (object.metadata?.deletionTimestamp) return;
    const plan = planMirror(object, existing);
    await applySlices(plan, namespace, request);
    if (plan.invalid > 0) {
      event(object, 'Warning', 'InvalidIPAddress', `Skipped ${plan.invalid} invalid IP addresses when mirroring to EndpointSlices`);
    }
    if (plan.surplus > 0) {
      const text = `A max of ${MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. ${plan.surplus + plan.invalid} addresses were skipped`;
      event(object, 'Warning', 'TooManyAddressesToMirror', text);
    }
  },
};
