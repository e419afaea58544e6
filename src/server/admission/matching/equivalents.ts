import { apiVersionOf, type ResourceDefinition } from '../../../api/define.ts';
import type { KubeObject } from '../../../api/meta/object.ts';

/** Which groups and versions show the same stored objects (Kubernetes: Dynamic Admission Control, "Matching requests: matchPolicy"). */
export interface Equivalents {
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
  /** The other definitions over the same objects that have the subresource as well; '' for the object itself. */
  of(definition: ResourceDefinition, subresource: string): readonly ResourceDefinition[];
  /** The same object in another group and version that shows it. Waits only for conversion webhooks of CustomResourceDefinitions; rejects with ApiError. */
  convert(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject | Promise<KubeObject>;
}

/** Versions of custom kinds that differ in more than their name. undefined: they do not. */
export type CustomConversion = (object: KubeObject, to: ResourceDefinition) => Promise<KubeObject> | undefined;

interface Definitions {
  readonly all: readonly ResourceDefinition[];
  find(group: string, version: string, plural: string): ResourceDefinition | undefined;
}

const storedName = (definition: ResourceDefinition): string => {
  const { group, plural } = definition.storedAs ?? definition;
  return `${group}/${plural}`;
};

/** `definitions` is asked each time: CustomResourceDefinitions come and go. */
export function equivalentsOf(definitions: () => Definitions, convertCustom: CustomConversion = () => undefined): Equivalents {
  let known: { of: readonly ResourceDefinition[]; families: Map<string, ResourceDefinition[]> } | undefined;
  const families = () => {
    const { all } = definitions();
    if (known?.of !== all) known = { of: all, families: Map.groupBy(all, storedName) };
    return known.families;
  };
  return {
    find: (group, version, plural) => definitions().find(group, version, plural),
    convert(object, from, to) {
      if (from === to) return object;
      return (to.structural && convertCustom(object, to)) || asDefinition(object, from, to);
    },
    of: (definition, subresource) =>
      (families().get(storedName(definition)) ?? []).filter(
        (other) =>
          (other.group !== definition.group || other.version !== definition.version) &&
          (subresource === '' || Object.hasOwn(other.subresources, subresource)),
      ),
  };
}

/** The same object in another group and version that shows it. Versions of a custom kind are taken to differ in their name alone. */
export function asDefinition(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject {
  if (from === to) return object;
  if (to.structural) return { ...object, apiVersion: apiVersionOf(to) };
  const stored = from.storedAs?.toStored(object) ?? object;
  return to.storedAs?.fromStored(stored) ?? stored;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The kind that travels: of the resource itself, or of a subresource that has one of its own. */
export function kindAt(definition: ResourceDefinition, subresource: string): GroupVersionKind {
  const declared = subresource === '' ? undefined : definition.subresources[subresource];
  if (declared?.kind === 'scale') return { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  const { group, version, kind } = (declared?.kind === 'custom' && declared.objectKind) || definition;
  return { group, version, kind };
}
