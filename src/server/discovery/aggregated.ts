import type { ResourceDefinition } from '../../api/define.ts';
import type { ApiGroup, Registry } from '../../api/registry.ts';
import { kindOf, type Served, servedSubresources } from './resources.ts';

/**
 * Everything that /api (the core group) or /apis (all others) serves, in one document: two requests instead of one per group and version.
 * Source: KEP-3352, "Aggregated Discovery".
 */
export const aggregatedDiscovery = (registry: Registry, root: 'api' | 'apis') => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: registry.groups.filter((group) => (group.name === '') === (root === 'api')).map((group) => groupEntry(registry, group)),
});

const groupEntry = (registry: Registry, { name, versions }: ApiGroup) => ({
  metadata: { name: name || undefined },
  versions: versions.map((version) => ({
    version,
    resources: registry.inVersion(name, version).map(resourceEntry),
    freshness: 'Current',
  })),
});

function resourceEntry(resource: ResourceDefinition) {
  const subresources = servedSubresources(resource).map(({ name, kind, verbs }) => ({
    subresource: name,
    responseKind: responseKind(resource, kind),
    verbs,
  }));
  return {
    resource: resource.plural,
    responseKind: responseKind(resource, kindOf(resource)),
    scope: resource.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    shortNames: nonEmpty(resource.shortNames),
    categories: nonEmpty(resource.categories),
    subresources: nonEmpty(subresources),
  };
}

/** The server's own kinds leave to the version that they are listed under what it says; custom resources do not, as upstream's. */
function responseKind({ group, version, structural }: ResourceDefinition, kind: Served['kind']): Served['kind'] {
  return !structural && kind.group === group && kind.version === version ? { group: '', version: '', kind: kind.kind } : kind;
}

/** JSON leaves out what is undefined, as Go's omitempty does. */
const nonEmpty = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined);
