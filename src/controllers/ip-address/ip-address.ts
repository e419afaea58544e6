import { ipAddresses, serviceCIDRs, services } from '../../api/index.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import { allocatedAddress, isAllocated } from '../../api/networking/ip-address.ts';
import type { IPAddress, Service } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { addressesOf, isInRanges, planAddressObject, planServiceAddress } from './ip-address-plan.ts';

const EVENT_SOURCE = 'ipallocator-repair-controller';

const parentKey = ({ spec }: IPAddress) => `${spec?.parentRef?.namespace}/${spec?.parentRef?.name}`;

/** Sees to it that each cluster address of a Service has its IPAddress: of those from before there were any, too. */
export const serviceAddresses: Controller = {
  name: 'service-addresses',
  eventSource: EVENT_SOURCE,
  reads: ['services', 'ipaddresses.networking.k8s.io', 'servicecidrs.networking.k8s.io'],
  writes: ['ipaddresses.networking.k8s.io'],
  enqueue: {
    'ipaddresses.networking.k8s.io': (object) => (isAllocated(object as IPAddress) ? [parentKey(object as IPAddress)] : []),
    'servicecidrs.networking.k8s.io': (_, { informer }) => informer(services).list().map(objectKey),
  },
  async reconcile(request) {
    const service = request.informer(services).get(request.key);
    if (!service || service.metadata?.deletionTimestamp) return;
    for (const address of addressesOf(service)) await repair(service, address, request);
  },
};

async function repair(service: Service, address: string, request: ReconcileRequest): Promise<void> {
  const { informer, client, event, signal } = request;
  const cached = informer(ipAddresses).get(address);
  // What was just written may be on its way into the informer.
  const object = cached ?? (await client.get(ipAddresses, address, { signal }).catch(undefinedIfNotFound));
  const parent = object && informer(services).get(parentKey(object));
  const plan = planServiceAddress({ address, service, isInRange: isInRanges(address, informer(serviceCIDRs).list()), object, parent });
  if (plan.do === 'nothing') return;
  if (plan.finding) event(service, 'Warning', plan.finding.reason, plan.finding.message);
  if (plan.do === 'report') return;
  if (plan.do === 'recreate') await client.delete(ipAddresses, address, { signal }).catch(undefinedIfNotFound);
  await client.create(ipAddresses, allocatedAddress(address, service), { signal }).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** Removes IPAddresses of Services that are gone, or have another address now. */
export const ipAddressRepair: Controller = {
  name: 'ip-addresses',
  eventSource: EVENT_SOURCE,
  reads: ['ipaddresses.networking.k8s.io', 'services'],
  writes: ['ipaddresses.networking.k8s.io'],
  enqueue: { services: (service: KubeObject) => addressesOf(service as Service) },
  async reconcile({ key, informer, client, clock, event, signal }) {
    const object = informer(ipAddresses).get(key);
    if (!object) return undefined;
    const plan = planAddressObject(object, informer(services).get(parentKey(object)), clock.now());
    if (plan.do === 'nothing') return undefined;
    if (plan.do === 'wait') return { afterMs: plan.afterMs };
    event(object, 'Warning', plan.finding.reason, plan.finding.message);
    const { uid } = object.metadata ?? {};
    await client.delete(ipAddresses, key, { delete: { preconditions: { uid } }, signal }).catch(undefinedIfNotFound);
    return undefined;
  },
};

function undefinedIfNotFound(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}
