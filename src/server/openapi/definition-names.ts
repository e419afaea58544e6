import type { ResourceDefinition } from '../../api/define.ts';
import type { Registry } from '../../api/registry.ts';
import { type FieldType, readSchema } from '../../api/schema/index.ts';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Definitions that are no schemas of ours: strings with a syntax, and values without structure. */
export const BUILT_IN = {
  time: `${META}.Time`,
  microTime: `${META}.MicroTime`,
  fields: `${META}.FieldsV1`,
  patch: `${META}.Patch`,
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  raw: 'io.k8s.apimachinery.pkg.runtime.RawExtension',
  json: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON',
  subresourceStatus: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus',
  schemaOrList: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray',
  schemaOrBool: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool',
  schemaOrNames: 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray',
} as const;

const META_TYPES = new Set(
  `APIGroup APIGroupList APIResource APIResourceList APIVersions Condition DeleteOptions FieldSelectorRequirement GroupResource GroupVersionForDiscovery
  LabelSelector LabelSelectorRequirement ListMeta ManagedFieldsEntry ObjectMeta OwnerReference Preconditions ServerAddressByClientCIDR ShardInfo
  Status StatusCause StatusDetails WatchEvent`.split(/\s+/),
);
/** Types of the core group that only other groups' kinds refer to. */
const CORE_TYPES = new Set(['TopologySelectorTerm', 'TopologySelectorLabelRequirement']);
const PACKAGES: Readonly<Record<string, string>> = {
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
  'metrics.k8s.io': 'io.k8s.metrics.pkg.apis.metrics',
};

/** Kinds that only subresources send or answer with. */
export const SUBRESOURCE_KINDS = [
  { schema: 'Scale', group: 'autoscaling', version: 'v1', kind: 'Scale' },
  { schema: 'Eviction', group: 'policy', version: 'v1', kind: 'Eviction' },
  { schema: 'AuthenticationV1TokenRequest', group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' },
] as const;

/** Upstream's definition names (`io.k8s.api.core.v1.Pod`) by our schema names, for everything that the registry's kinds reach. */
export function definitionNames(registry: Registry): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const name of META_TYPES) names.set(name, `${META}.${name}`);
  names.set('VersionInfo', 'io.k8s.apimachinery.pkg.version.Info');
  // The core group comes first in the registry, so that what it shares with others (PodTemplateSpec) is called by its name.
  for (const resource of registry.all) {
    if (!readSchema(resource.schema)) names.set(resource.schema, customName(resource));
    if (resource.structural) names.set(`${resource.schema}List`, `${customName(resource)}List`);
    const roots = [resource.schema, listSchemaOf(resource)].filter((name) => name !== undefined);
    nameAll(names, roots, resource);
  }
  for (const subresource of SUBRESOURCE_KINDS) nameAll(names, [subresource.schema], subresource);
  return names;
}

function nameAll(names: Map<string, string>, roots: readonly string[], { group, version }: { group: string; version: string }): void {
  for (const schema of reachable(roots)) {
    const owner = CORE_TYPES.has(schema) ? '' : group;
    if (!names.has(schema)) names.set(schema, `${packageOf(owner, version)}.${bareName(schema)}`);
  }
}

/**
 * The name under which a kind without a built-in schema is published: `com.example.v1.Widget`. Its definition's `schema` must be a name that no
 * built-in schema has.
 */
const customName = ({ group, version, kind }: ResourceDefinition): string =>
  [...group.split('.').reverse(), version, kind].filter(Boolean).join('.');

const packageOf = (group: string, version: string): string =>
  `${PACKAGES[group] ?? `io.k8s.api.${group.split('.')[0] || 'core'}`}.${version}`;

/** RbacV1Subject -> Subject, V2MetricSpec -> MetricSpec. */
const bareName = (schema: string): string => schema.replace(/^(?:[A-Z][a-z]+)?V\d+(?=[A-Z])/, '');

/** The schema of the kind's list, when it has one. */
export function listSchemaOf(resource: ResourceDefinition): string | undefined {
  if (resource.structural) return `${resource.schema}List`;
  return [`${resource.schema}List`, resource.listKind].find((name) => {
    const items = readSchema(name)?.fields.get('items')?.type;
    return items?.is === 'list' && items.items.is === 'schema' && items.items.name === resource.schema;
  });
}

/** The given schemas and all that they refer to. */
export function reachable(roots: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = roots.filter((name) => readSchema(name));
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const field of readSchema(name)?.fields.values() ?? []) {
      const next = referenced(field.type);
      if (next !== undefined) queue.push(next);
    }
  }
  return found;
}

function referenced(type: FieldType): string | undefined {
  if (type.is === 'schema') return type.name;
  if (type.is === 'list') return referenced(type.items);
  return type.is === 'map' ? referenced(type.values) : undefined;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** Which kinds a schema is, for `x-kubernetes-group-version-kind`. `served`: in whose document; options and events are of each of them, and of v1. */
export function kindsOfSchemas(registry: Registry, served: readonly GroupVersion[]): ReadonlyMap<string, GroupVersionKind[]> {
  const kinds = new Map<string, GroupVersionKind[]>();
  const add = (schema: string | undefined, kind: GroupVersionKind) => {
    if (schema !== undefined) kinds.set(schema, [...(kinds.get(schema) ?? []), kind]);
  };
  for (const { schema, group, version, kind } of SUBRESOURCE_KINDS) add(schema, { group, version, kind });
  for (const resource of registry.all) {
    const { group, version, kind, listKind } = resource;
    add(resource.schema, { group, version, kind });
    add(listSchemaOf(resource), { group, version, kind: listKind });
  }
  for (const kind of ['APIGroup', 'APIGroupList', 'APIResourceList', 'APIVersions', 'Status']) add(kind, { ...V1, kind });
  for (const { group, version } of [V1, ...served.filter(({ group, version }) => group !== V1.group || version !== V1.version)]) {
    add('DeleteOptions', { group, version, kind: 'DeleteOptions' });
    add('WatchEvent', { group, version, kind: 'WatchEvent' });
  }
  return kinds;
}

const V1: GroupVersion = { group: '', version: 'v1' };
