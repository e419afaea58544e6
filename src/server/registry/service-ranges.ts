import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import { allocatedAddress } from '../../api/networking/ip-address.ts';
import type { Service, ServiceCIDR } from '../../api/schema/generated/types.ts';
import type { RequestContext, UserInfo } from '../ports.ts';
import { create } from './create.ts';
import { remove } from './delete.ts';
import type { RegistryDeps } from './deps.ts';
import { keyOf, type Resources } from './resources.ts';
import type { AddressRecords } from './service-allocator.ts';

const API_SERVER: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const IP_ADDRESSES = 'ipaddresses.networking.k8s.io';

const isReady = ({ metadata, status }: ServiceCIDR) =>
  !metadata?.deletionTimestamp && status?.conditions?.find((c) => c.type === 'Ready')?.status !== 'False';

/** The ranges of the ServiceCIDRs that give out addresses; before there is any, those that the server was started with. */
export function serviceRanges(resources: Resources, configured: readonly string[]): () => readonly string[] {
  const stored = resources.byId('servicecidrs.networking.k8s.io');
  return () => {
    const all = stored?.collection.list().items.map(({ object }) => object as ServiceCIDR) ?? [];
    if (all.length === 0) return configured;
    return [...new Set(all.filter(isReady).flatMap(({ spec }) => spec?.cidrs ?? []))];
  };
}

/** Addresses of Services as IPAddress objects, written as the API server itself. */
export function addressRecords(resources: Resources, deps: () => RegistryDeps): AddressRecords {
  const resource = resources.byId(IP_ADDRESSES);
  if (!resource) return { has: () => false, create: async () => true, remove: async () => {} };
  const context: RequestContext = { user: API_SERVER, userAgent: 'kube-apiserver', signal: new AbortController().signal, warn() {} };
  const { group, version, plural } = resource.definition;
  const about = { group, version, resource: plural };
  return {
    has: (address) => resource.collection.get(keyOf(resource, undefined, address)) !== undefined,
    async create(address, service: Service) {
      const body = allocatedAddress(address, service);
      return create(deps(), resource, { ...about, verb: 'create', body }, context).then(
        () => true,
        (error: unknown) => {
          if (isAlreadyExists(error)) return false;
          throw error;
        },
      );
    },
    async remove(address) {
      await remove(deps(), resource, { ...about, verb: 'delete', name: address }, context).catch((error: unknown) => {
        if (!isNotFound(error))
          deps().log.warn({ address, error: String(error) }, 'the address of a Service that is gone was not released');
      });
    },
  };
}
