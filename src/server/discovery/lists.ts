import { createHash } from 'node:crypto';
import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { ApiGroup, Registry } from '../../api/registry.ts';
import { kindOf, type Served, servedSubresources } from './resources.ts';

/** The documents of discovery as it was before aggregation: metav1.APIVersions, APIGroupList, APIGroup and APIResourceList. */

/** /api */
export const coreVersions = (registry: Registry, serverAddress: string) => ({
  kind: 'APIVersions',
  versions: registry.groups.find((group) => group.name === '')?.versions ?? [],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
});

/** /apis */
export const groupList = (registry: Registry) => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: registry.groups.filter((group) => group.name !== '').map(groupEntry),
});

/** /apis/GROUP */
export const groupDocument = (group: ApiGroup) => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) });

function groupEntry({ name, versions }: ApiGroup) {
  const entries = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: entries, preferredVersion: entries[0] };
}

/** /api/v1, which does not say its own version in upstream either, and /apis/GROUP/VERSION */
export const resourceList = (registry: Registry, group: string, version: string) => ({
  kind: 'APIResourceList',
  ...(group !== '' && { apiVersion: 'v1' }),
  groupVersion: apiVersionOf({ group, version }),
  resources: registry.inVersion(group, version).flatMap((resource) => resourceEntries(resource, registry.stored(resource))),
});

function resourceEntries(resource: ResourceDefinition, stored: ResourceDefinition) {
  const namespaced = resource.scope === 'Namespaced';
  const main = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length > 0 && { shortNames: resource.shortNames }),
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(resource.persistence !== 'none' && { storageVersionHash: storageVersionHash(stored) }),
  };
  return [main, ...servedSubresources(resource).map((served) => subresourceEntry(resource, served, namespaced))];
}

/**
 * Changes when objects are stored in another version: what storage migrators watch for. Clients compare it and read nothing else from it.
 * Source: Kubernetes, APIResource.
 */
function storageVersionHash({ group, version, kind, storageVersion = version }: ResourceDefinition): string {
  const digest = createHash('sha256').update(`${group}/${storageVersion}/${kind}`).digest();
  return digest.subarray(0, STORAGE_VERSION_HASH_BYTES).toString('base64');
}
const STORAGE_VERSION_HASH_BYTES = 8;

/** Group and version are told only where they are not the list's own. */
function subresourceEntry(resource: ResourceDefinition, { name, kind, verbs }: Served, namespaced: boolean) {
  const own = kindOf(resource);
  const foreign = kind.group !== own.group || kind.version !== own.version;
  return {
    name: `${resource.plural}/${name}`,
    singularName: '',
    namespaced,
    ...(foreign && { group: kind.group, version: kind.version }),
    kind: kind.kind,
    verbs,
  };
}
