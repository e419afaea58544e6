import { toStructural } from '../crd-schema/index.ts';
import { defineResource, type Reader, type ResourceDefinition, type Subresource } from '../define.ts';
import { compareVersions } from '../live-registry.ts';
import type { KubeObject } from '../meta/object.ts';
import { customResourceType, type StructuralSchema as OpenApiSchema } from '../patch/apply/index.ts';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
} from '../schema/generated/types.ts';
import type { Verb } from '../transport.ts';
import { isCrdConditionTrue } from './crd-conditions.ts';
import { customColumns, pathOf } from './custom-columns.ts';
import { customHooks } from './custom-hooks.ts';

/** In the order of upstream's discovery of custom kinds. */
const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
/** While instances are being removed no new ones come. */
const VERBS_WHILE_TERMINATING = VERBS.filter((verb) => verb !== 'create');

/** The version that objects are written in. */
export const storageVersion = ({ spec }: CustomResourceDefinition): string => spec.versions.find(({ storage }) => storage)?.name ?? '';

/**
 * What an established CustomResourceDefinition serves: a definition for each served version. None while its names are not accepted. Source: Kubernetes, "Extend
 * the Kubernetes API with CustomResourceDefinitions".
 */
export function definitionsOf(crd: CustomResourceDefinition): ResourceDefinition[] {
  if (!isCrdConditionTrue(crd, 'Established')) return [];
  return crd.spec.versions.filter(({ served }) => served).map((version) => definitionOf(crd, version));
}

/** One version of the kind, served or not. */
export function definitionOf(crd: CustomResourceDefinition, version: CustomResourceDefinitionVersion): ResourceDefinition {
  const { group, scope } = crd.spec;
  const names = crd.status?.acceptedNames?.kind ? crd.status.acceptedNames : crd.spec.names;
  const { kind, plural, singular = kind.toLowerCase(), listKind = `${kind}List`, shortNames = [], categories = [] } = names;
  const structural = toStructural(version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
  return defineResource<KubeObject>({
    group,
    version: version.name,
    kind,
    plural,
    singular,
    listKind,
    shortNames,
    categories,
    scope: scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    verbs: isCrdConditionTrue(crd, 'Terminating') ? VERBS_WHILE_TERMINATING : VERBS,
    schema: schemaName(group, version.name, kind),
    columns: customColumns(version.additionalPrinterColumns),
    subresources: subresourcesOf(version.subresources),
    fieldSelectors: fieldSelectorsOf(version),
    hooks: customHooks(structural, version.subresources?.scale),
    generation: true,
    storageVersion: storageVersion(crd),
    structural,
    statusMetadata: [],
    applyType: customResourceType(version.schema?.openAPIV3Schema as OpenApiSchema | undefined),
    ...(version.deprecated && { deprecation: deprecationOf(crd.spec, version) }),
  });
}

/** `com.example.stable.v1.CronTab`: what OpenAPI calls the kind; no generated schema has a dot in its name. */
const schemaName = (group: string, version: string, kind: string): string => [...group.split('.').reverse(), version, kind].join('.');

/** Whoever says nothing recommends the best version that is served, unless the deprecated one is better. */
function deprecationOf(
  { group, names: { kind }, versions }: CustomResourceDefinitionSpec,
  { name, deprecationWarning }: CustomResourceDefinitionVersion,
): string {
  if (deprecationWarning !== undefined) return deprecationWarning;
  const [best] = versions
    .filter((other) => other.served && !other.deprecated && compareVersions(other.name, name) < 0)
    .toSorted((a, b) => compareVersions(a.name, b.name));
  return `${group}/${name} ${kind} is deprecated${best ? `; use ${group}/${best.name} ${kind}` : ''}`;
}

function subresourcesOf(subresources: CustomResourceSubresources | undefined): Record<string, Subresource> {
  const { status, scale } = subresources ?? {};
  return {
    ...(status !== undefined && { status: { kind: 'status' } as const }),
    ...(scale && {
      scale: {
        kind: 'scale',
        specReplicas: scale.specReplicasPath,
        statusReplicas: scale.statusReplicasPath,
        selector: scale.labelSelectorPath ?? '',
      } as const,
    }),
  };
}

/** `spec.color` reads `.spec.color`; what is not there reads as empty (KEP-4358). */
function fieldSelectorsOf({ selectableFields = [] }: CustomResourceDefinitionVersion): Record<string, Reader<KubeObject, string>> {
  return Object.fromEntries(
    selectableFields.map(({ jsonPath }) => {
      const read = pathOf(jsonPath);
      return [jsonPath.replace(/^\./, ''), (object: KubeObject) => String(read(object)[0] ?? '')];
    }),
  );
}
