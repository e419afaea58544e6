import { ipAddresses, serviceCIDRs } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { isAllocated } from '../../api/networking/ip-address.ts';
import type { IPAddress, ServiceCIDR } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { Controller } from '../../client/controller.ts';
import { holdsAddress, overlap, planServiceCidr } from './service-cidr-plan.ts';

/** Keeps ServiceCIDRs ready, and there while Services have addresses of them (Kubernetes: "Extend Service IP ranges"). */
export const serviceCidr: Controller = {
  name: 'service-cidr',
  reads: ['servicecidrs.networking.k8s.io', 'ipaddresses.networking.k8s.io'],
  writes: ['servicecidrs.networking.k8s.io', 'servicecidrs.networking.k8s.io/status'],
  enqueue: {
    // What comes or goes may cover, or uncover, the others.
    'servicecidrs.networking.k8s.io': (range, { informer }) => [
      range.metadata?.name ?? '',
      ...informer(serviceCIDRs)
        .list()
        .filter((other) => overlap(range as ServiceCIDR, other))
        .map((other) => other.metadata?.name ?? ''),
    ],
    // Addresses matter to ranges that wait to be removed.
    'ipaddresses.networking.k8s.io': (address, { informer }) =>
      isAllocated(address as IPAddress)
        ? informer(serviceCIDRs)
            .list()
            .filter((range) => range.metadata?.deletionTimestamp && holdsAddress(range, address.metadata?.name ?? ''))
            .map((range) => range.metadata?.name ?? '')
        : [],
  },
  async reconcile({ key, informer, client, event, clock, signal }) {
    const range = informer(serviceCIDRs).get(key);
    if (!range) return undefined;
    const plan = planServiceCidr(range, informer(serviceCIDRs).list(), informer(ipAddresses).list(), clock.now());
    if (plan.do === 'nothing') return plan.afterMs === undefined ? undefined : { afterMs: plan.afterMs };
    const { uid, resourceVersion } = range.metadata ?? {};
    const write = () => {
      if (plan.do === 'finalizers') {
        const body = { metadata: { uid, resourceVersion, finalizers: plan.finalizers } };
        return client.patch(serviceCIDRs, key, 'merge', body, { signal });
      }
      const condition = { ...plan.condition, lastTransitionTime: rfc3339(clock.now()) };
      const body = { metadata: { uid }, status: { conditions: [condition] } };
      return client.patch(serviceCIDRs, key, 'strategic', body, { subresource: 'status', signal });
    };
    await write().catch((error: unknown) => {
      if (isNotFound(error)) return;
      signal.throwIfAborted();
      if (plan.do === 'condition' && plan.condition.status === 'True') {
        const about = { ...range, apiVersion: 'networking.k8s.io/v1', kind: 'ServiceCIDR' };
        event(about, 'Warning', 'KubernetesServiceCIDRError', 'The ServiceCIDR Status can not be set to Ready=True');
      }
      throw error;
    });
    return undefined;
  },
};
