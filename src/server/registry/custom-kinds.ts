import { definitionOf, definitionsOf, storageVersion } from '../../api/apiextensions/custom-resource.ts';
import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { compareVersions } from '../../api/live-registry.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';

/** Brings objects of one custom kind into another of its versions, in order. Rejects with ApiError. */
export type Converter = (objects: readonly KubeObject[], apiVersion: string) => Promise<readonly KubeObject[]>;
/** Converts as a CustomResourceDefinition with a webhook says. */
export type CustomConverter = (crd: CustomResourceDefinition, objects: readonly KubeObject[], apiVersion: string) => ReturnType<Converter>;

/** What the registry needs of one established CustomResourceDefinition. */
export interface CustomKind {
  /** Every version that is served; the preferred one first. */
  readonly definitions: readonly ResourceDefinition[];
  /** The version that objects are written in, served or not. */
  readonly storage: ResourceDefinition;
  /** Every version by its apiVersion, served or not: objects that are stored may be in any. */
  readonly versions: ReadonlyMap<string | undefined, ResourceDefinition>;
  /** Absent: the versions differ in name alone. */
  readonly convert?: Converter;
  /** Changes when watchers have to begin again to see the kind as it is now. */
  readonly generation: string;
}

interface Known {
  readonly state: string;
  readonly kind: CustomKind;
}

/** Custom kinds by definition: the same value for as long as nothing about the definition changes that matters here. */
export class CustomKinds {
  readonly #converter: () => CustomConverter;
  #known = new Map<string, Known>();

  constructor(converter: () => CustomConverter) {
    this.#converter = converter;
  }

  /** The kinds of those that are established. */
  of(crds: readonly CustomResourceDefinition[]): CustomKind[] {
    const next = new Map<string, Known>();
    for (const crd of crds) {
      const state = stateOf(crd);
      if (state === undefined) continue;
      const uid = crd.metadata?.uid ?? '';
      const known = this.#known.get(uid);
      next.set(uid, known?.state === state ? known : { state, kind: this.#kindOf(crd) });
    }
    this.#known = next;
    return [...next.values()].map(({ kind }) => kind);
  }

  #kindOf(crd: CustomResourceDefinition): CustomKind {
    const stored = storageVersion(crd);
    const definitions = definitionsOf(crd).sort((a, b) => compareVersions(a.version, b.version));
    const all = crd.spec.versions.map(
      (version) => definitions.find((definition) => definition.version === version.name) ?? definitionOf(crd, version),
    );
    const storage = all.find(({ version }) => version === stored);
    if (!storage) throw new Error(`${crd.metadata?.name} has no storage version`);
    const byWebhook = crd.spec.conversion?.strategy === 'Webhook';
    return {
      definitions,
      storage,
      versions: new Map(all.map((definition) => [apiVersionOf(definition), definition])),
      generation: JSON.stringify([crd.metadata?.uid, crd.spec, crd.status?.acceptedNames]),
      ...(byWebhook && { convert: (objects: readonly KubeObject[], apiVersion: string) => this.#converter()(crd, objects, apiVersion) }),
    };
  }
}

/** undefined: not established, so not served. */
function stateOf({ metadata, status }: CustomResourceDefinition): string | undefined {
  const isTrue = (type: string) => status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
  if (!isTrue('Established')) return undefined;
  return JSON.stringify([metadata?.generation, status?.acceptedNames, isTrue('Terminating')]);
}
