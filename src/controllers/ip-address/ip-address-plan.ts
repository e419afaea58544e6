import { familyOf, isAllocated, isLabelled } from '../../api/networking/ip-address.ts';
import type { IPAddress, Service, ServiceCIDR } from '../../api/schema/generated/types.ts';
import { addressRange, containsRange, parseCidr } from '../../base/ip.ts';

/** A Service is written after its address, and a write takes no longer than that. */
const WRITE_TIMEOUT_MS = 60_000;

/** The cluster addresses of a Service; none of headless ones and ExternalName. */
export const addressesOf = ({ spec }: Service): readonly string[] => (spec?.clusterIPs ?? []).filter((each) => each && each !== 'None');

/** May a Service have this address? Without any range the default one is on its way. */
export function isInRanges(address: string, ranges: readonly ServiceCIDR[]): boolean {
  if (ranges.length === 0) return true;
  const single = addressRange(address);
  const parsed = ranges.flatMap(({ spec }) => (spec?.cidrs ?? []).flatMap((text) => parseCidr(text) ?? []));
  return single !== undefined && parsed.some((range) => containsRange(range, single));
}

export interface Finding {
  readonly reason: string;
  readonly message: string;
}

/** What is to be done about one address of a Service. */
export type ServiceAddressPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'report'; readonly finding: Finding }
  | { readonly do: 'create' | 'recreate'; readonly finding: Finding | undefined };

export interface ServiceAddressState {
  readonly address: string;
  readonly service: Service;
  readonly isInRange: boolean;
  /** The object of that name, and the Service that it names. */
  readonly object: IPAddress | undefined;
  readonly parent: Service | undefined;
}

/** Upstream: repair of Service addresses (ipallocator-repair-controller). */
export function planServiceAddress({ address, service, isInRange, object, parent }: ServiceAddressState): ServiceAddressPlan {
  const { namespace, name } = service.metadata ?? {};
  const what = `Cluster IP [${familyOf(address)}]: ${address}`;
  const report = (reason: string, message: string) => ({ do: 'report', finding: { reason, message } }) as const;
  if (!isInRange) {
    return report('ClusterIPOutOfRange', `${what} is not within any configured Service CIDR; please recreate service`);
  }
  if (!object) return { do: 'create', finding: { reason: 'ClusterIPNotAllocated', message: `${what} is not allocated; repairing` } };
  const { group, resource, ...reference } = object.spec?.parentRef ?? {};
  const wrong = `the ClusterIP [${familyOf(address)}]: ${address} for Service ${namespace}/${name} has a wrong reference; repairing`;
  if (group || resource !== 'services') return { do: 'recreate', finding: { reason: 'ClusterIPNotAllocated', message: wrong } };
  if (reference.namespace !== namespace || reference.name !== name) {
    if (!parent) return { do: 'recreate', finding: { reason: 'ClusterIPNotAllocated', message: wrong } };
    const twice = `Cluster IP [${familyOf(address)}]:${address} was assigned to multiple services; please recreate service`;
    const finding = addressesOf(parent).includes(address) ? { reason: 'ClusterIPAlreadyAllocated', message: twice } : undefined;
    // One without the labels is nobody's to keep: the other loop leaves it alone.
    if (!isLabelled(object)) return { do: 'recreate', finding };
    return finding ? { do: 'report', finding } : { do: 'nothing' };
  }
  return isLabelled(object) ? { do: 'nothing' } : { do: 'recreate', finding: undefined };
}

/** What is to be done about an object of the allocator: those that no Service has go, once none can be about to get it. */
export type AddressObjectPlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'wait'; readonly afterMs: number }
  | { readonly do: 'delete'; readonly finding: Finding };

export function planAddressObject(object: IPAddress, parent: Service | undefined, nowMs: number): AddressObjectPlan {
  const name = object.metadata?.name ?? '';
  const { group = '', resource, namespace, name: service } = object.spec?.parentRef ?? {};
  if (!isAllocated(object) || object.metadata?.deletionTimestamp) return { do: 'nothing' };
  if (group || resource !== 'services') {
    const reference = `{${group} ${resource} ${namespace ?? ''} ${service}}`;
    const message = `IPAddress ${name} appears to have been modified, not referencing a Service ${reference}: cleaning up`;
    return { do: 'delete', finding: { reason: 'IPAddressNotAllocated', message } };
  }
  if (parent && addressesOf(parent).includes(name)) return { do: 'nothing' };
  const ageMs = nowMs - Date.parse(object.metadata?.creationTimestamp ?? '');
  if (ageMs <= WRITE_TIMEOUT_MS) return { do: 'wait', afterMs: Math.min(WRITE_TIMEOUT_MS - ageMs, WRITE_TIMEOUT_MS) + 1 };
  const about = `IPAddress: ${name} for Service ${namespace}/${service}`;
  return parent
    ? { do: 'delete', finding: { reason: 'IPAddressWrongReference', message: `${about} has a wrong reference; cleaning up` } }
    : { do: 'delete', finding: { reason: 'IPAddressNotAllocated', message: `${about} appears to have leaked: cleaning up` } };
}
