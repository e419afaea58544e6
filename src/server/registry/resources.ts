import type { ResourceDefinition } from '../../api/define.ts';
import { resourceId } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Cached, Collection, WatchCache } from '../../store/watch-cache/collection.ts';

/** One stored resource as it is served in one group and version. Several may share a collection (`storedAs`). */
export interface Resource {
  readonly definition: ResourceDefinition;
  readonly collection: Collection<KubeObject>;
  /** `/registry/core/pods/`: every key of the collection starts with it. */
  readonly prefix: string;
  /** The stored state as this group and version shows it; the same object for the same state. */
  view(stored: Cached<KubeObject>): Cached<KubeObject>;
  /** What is stored for an object of this group and version. */
  toStored(object: KubeObject): KubeObject;
}

export interface Resources {
  find(group: string, version: string, plural: string): Resource | undefined;
  /** By `deployments.apps`, in the preferred version. */
  byId(id: string): Resource | undefined;
  readonly all: readonly Resource[];
}

export const keyOf = (resource: Resource, namespace: string | undefined, name: string): string =>
  resource.definition.scope === 'Namespaced' ? `${resource.prefix}${namespace ?? ''}/${name}` : `${resource.prefix}${name}`;

/** Opens the collection of every stored definition. Virtual ones (persistence `none`) have none. */
export async function openResources(definitions: readonly ResourceDefinition[], cache: WatchCache): Promise<Resources> {
  const stored = definitions.filter((d) => d.persistence !== 'none');
  const collections = new Map<string, Promise<Collection<KubeObject>>>();
  for (const definition of stored.filter((d) => d.storedAs === undefined)) {
    const prefix = prefixOf(definition);
    if (collections.has(prefix)) continue;
    const { persistence } = definition;
    const indexes = definition.indexes as Record<string, (object: KubeObject) => readonly string[]>;
    collections.set(prefix, cache.open<KubeObject>({ prefix, persistence: persistence === 'none' ? 'durable' : persistence, indexes }));
  }
  const all = await Promise.all(stored.map(async (definition) => openResource(definition, collections.get(prefixOf(definition)))));
  const byVersion = new Map(all.map((r) => [`${r.definition.group}/${r.definition.version}/${r.definition.plural}`, r]));
  const byId = new Map<string, Resource>();
  for (const r of all) if (!byId.has(resourceId(r.definition))) byId.set(resourceId(r.definition), r);
  return {
    find: (group, version, plural) => byVersion.get(`${group}/${version}/${plural}`),
    byId: (id) => byId.get(id),
    all,
  };
}

const prefixOf = (definition: ResourceDefinition): string => {
  const { group, plural } = definition.storedAs ?? definition;
  return `/registry/${group || 'core'}/${plural}/`;
};

async function openResource(definition: ResourceDefinition, opening: Promise<Collection<KubeObject>> | undefined): Promise<Resource> {
  const prefix = prefixOf(definition);
  if (!opening) throw new Error(`${resourceId(definition)} is stored as ${prefix}, which no definition stores`);
  const collection = await opening;
  const conversion = definition.storedAs;
  if (!conversion) return { definition, collection, prefix, view: (stored) => stored, toStored: (object) => object };
  const views = new WeakMap<Cached<KubeObject>, Cached<KubeObject>>();
  return {
    definition,
    collection,
    prefix,
    view(stored) {
      let view = views.get(stored);
      if (!view) {
        view = lazyView(stored, (object) => conversion.fromStored(object));
        views.set(stored, view);
      }
      return view;
    },
    toStored: (object) => conversion.toStored(object),
  };
}

/** A converted state: converted on first use, serialised on first use. */
function lazyView(stored: Cached<KubeObject>, convert: (object: KubeObject) => KubeObject): Cached<KubeObject> {
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

/** The same object at another revision: what a watcher sees deleted when the object only left its selector. */
export function restamped(item: Cached<KubeObject>, revision: number): Cached<KubeObject> {
  const object = { ...item.object, metadata: { ...item.object.metadata, resourceVersion: String(revision) } };
  return { key: item.key, revision, object, bytes: Buffer.from(JSON.stringify(object)) };
}
