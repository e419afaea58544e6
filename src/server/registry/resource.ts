import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Cached, Collection } from '../../store/watch-cache/collection.ts';
import type { Converter } from './custom-kinds.ts';

/** One stored resource as it is served in one group and version. Several may share a collection (`storedAs`, versions of custom resources). */
export interface Resource {
  readonly definition: ResourceDefinition;
  readonly collection: Collection<KubeObject>;
  /** `/registry/core/pods/`: every key of the collection starts with it. */
  readonly prefix: string;
  /** The stored state as this group and version shows it; the same object for the same state. */
  view(stored: Cached<KubeObject>): Cached<KubeObject>;
  /** What was stored up to here may be in the form of an earlier version of the server. */
  readonly loadedRevision: number;
  /** Is `view` anything else than the stored state? Then selectors look at views. */
  readonly views: boolean;
  /** Where another server converts: `view` is asked only for what was prepared. Rejects with ApiError. */
  readonly prepare?: (stored: readonly Cached<KubeObject>[]) => Promise<void>;
  /** Whoever converts between the versions of a custom kind when names are not all that differs. */
  readonly converter?: Converter;
  /** What is stored for an object of this group and version. */
  toStored(object: KubeObject): KubeObject | Promise<KubeObject>;
}

export const keyOf = (resource: Resource, namespace: string | undefined, name: string): string =>
  resource.definition.scope === 'Namespaced' ? `${resource.prefix}${namespace ?? ''}/${name}` : `${resource.prefix}${name}`;

/** A converted state: converted on first use, serialised on first use. */
export function lazyView(stored: Cached<KubeObject>, convert: (object: KubeObject) => KubeObject): Cached<KubeObject> {
  let object: KubeObject | undefined;
  let bytes: Buffer | undefined;
  const converted = () => {
    object ??= convert(stored.object);
    return object;
  };
  return {
    key: stored.key,
    revision: stored.revision,
    get object() {
      return converted();
    },
    get bytes() {
      bytes ??= Buffer.from(JSON.stringify(converted()));
      return bytes;
    },
  };
}
