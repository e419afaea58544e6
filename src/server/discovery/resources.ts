import type { ResourceDefinition, Subresource } from '../../api/define.ts';
import type { Verb } from '../../api/transport.ts';

/** What discovery says of one resource or subresource, in either of its two formats. */
export interface Served {
  /** `pods`, or `log` of a subresource. */
  readonly name: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly Verb[];
}

const READ_AND_WRITE: readonly Verb[] = ['get', 'patch', 'update'];

export const kindOf = ({ group, version, kind }: ResourceDefinition): Served['kind'] => ({ group, version, kind });

/** Subresources by name, those of custom resources with the status first (DiscoveryController.sync); the kind is what is sent and answered. */
export function servedSubresources(resource: ResourceDefinition): Served[] {
  const all = Object.entries(resource.subresources);
  const sorted = resource.structural ? all : all.sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, subresource]) => ({ name, ...describe(resource, subresource) }));
}

function describe(resource: ResourceDefinition, subresource: Subresource): Omit<Served, 'name'> {
  switch (subresource.kind) {
    case 'status':
      return { kind: kindOf(resource), verbs: READ_AND_WRITE };
    case 'scale':
      return { kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: READ_AND_WRITE };
    case 'custom':
      return { kind: subresource.objectKind ?? kindOf(resource), verbs: subresource.verbs };
  }
}
