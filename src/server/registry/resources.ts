import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import { type LiveRegistry, liveRegistry } from '../../api/live-registry.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { shareEntries } from '../../api/patch/apply/index.ts';
import type { Registry } from '../../api/registry.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import { parseExactJson } from '../../base/exact-json.ts';
import type { Cached, Collection, WatchCache } from '../../store/watch-cache/collection.ts';
import { type CustomConverter, type CustomKind, CustomKinds } from './custom-kinds.ts';
import { openVersion } from './custom-resource.ts';
import { notBuilt } from './errors.ts';
import { lazyView, type Resource } from './resource.ts';

export { keyOf, type Resource } from './resource.ts';

/** Objects of one template share the trees of their managedFields in memory. */
function parseObject(text: string): KubeObject {
  const object = parseExactJson(text) as KubeObject;
  shareEntries(object.metadata?.managedFields);
  return object;
}

export interface Resources {
  /** What is served now. */
  readonly definitions: LiveRegistry;
  find(group: string, version: string, plural: string): Resource | undefined;
  /** By `deployments.apps`, in the preferred version. */
  byId(id: string): Resource | undefined;
  readonly all: readonly Resource[];
  /**
   * Serves the kinds of these CustomResourceDefinitions from now on, those that are established, and no others: opens their collections, ends the watches of what changed, releases
   * what is gone. One call at a time.
   */
  serve(crds: readonly CustomResourceDefinition[]): Promise<void>;
  /** The instances of a custom kind in its storage version, served or not. */
  instances(group: string, plural: string): Resource | undefined;
  /** Who converts where a CustomResourceDefinition names a webhook. Until it is set such requests fail. */
  converter: CustomConverter;
}

/** Opens the collection of every stored definition. Virtual ones (persistence `none`) have none. */
export async function openResources(registry: Registry, cache: WatchCache): Promise<Resources> {
  const stored = registry.all.filter((d) => d.persistence !== 'none');
  const collections = new Map<string, Promise<Collection<KubeObject>>>();
  for (const definition of stored.filter((d) => d.storedAs === undefined)) {
    const prefix = prefixOf(definition);
    if (collections.has(prefix)) continue;
    const { persistence } = definition;
    const indexes = definition.indexes as Record<string, (object: KubeObject) => readonly string[]>;
    collections.set(
      prefix,
      cache.open<KubeObject>({ prefix, persistence: persistence === 'none' ? 'durable' : persistence, indexes, parse: parseObject }),
    );
  }
  const builtIn = await Promise.all(stored.map(async (definition) => openResource(definition, collections.get(prefixOf(definition)))));
  return new OpenResources(registry, builtIn, cache);
}

/** One custom kind with its collection open. */
interface Served {
  readonly prefix: string;
  readonly storage: Resource;
  readonly resources: readonly Resource[];
}

class OpenResources implements Resources {
  readonly definitions: LiveRegistry;
  readonly #builtIn: readonly Resource[];
  readonly #cache: WatchCache;
  readonly #kinds = new CustomKinds(() => this.converter);
  #served = new Map<CustomKind, Served>();
  #byVersion = new Map<string, Resource>();
  #byId = new Map<string, Resource>();
  all: readonly Resource[] = [];
  converter: CustomConverter = () => Promise.reject(notBuilt('conversion by webhook'));

  constructor(registry: Registry, builtIn: readonly Resource[], cache: WatchCache) {
    this.definitions = liveRegistry(registry);
    this.#builtIn = builtIn;
    this.#cache = cache;
    this.#index();
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.#byVersion.get(`${group}/${version}/${plural}`);
  }

  byId(id: string): Resource | undefined {
    return this.#byId.get(id);
  }

  instances(group: string, plural: string): Resource | undefined {
    for (const { storage } of this.#served.values()) {
      if (storage.definition.group === group && storage.definition.plural === plural) return storage;
    }
    return undefined;
  }

  async serve(crds: readonly CustomResourceDefinition[]): Promise<void> {
    const before = this.#served;
    const collections = new Map([...before.values()].map(({ prefix, storage }) => [prefix, storage.collection]));
    const next = new Map<CustomKind, Served>();
    for (const kind of this.#kinds.of(crds)) {
      const prefix = prefixOf(kind.storage);
      // A kind of the server's own keeps its objects to itself.
      if (this.#builtIn.some((resource) => resource.prefix === prefix)) continue;
      const collection = collections.get(prefix) ?? (await this.#cache.open<KubeObject>({ prefix, parse: parseObject }));
      collections.set(prefix, collection);
      next.set(kind, before.get(kind) ?? openKind(kind, collection, prefix));
    }
    this.#served = next;
    if (before.size === next.size && [...next.keys()].every((kind) => before.has(kind))) return;
    this.#index();
    this.definitions.serve([...next.keys()].flatMap(({ definitions }) => definitions));
    this.#endWatchers(before, next);
  }

  /** Whoever watches a kind that changed begins again, and sees it as it is now. */
  #endWatchers(before: ReadonlyMap<CustomKind, Served>, next: ReadonlyMap<CustomKind, Served>): void {
    const open = new Set([...next.values()].map(({ prefix }) => prefix));
    const generations = new Set([...next.keys()].map(({ generation }) => generation));
    for (const [kind, { prefix }] of before) {
      if (!open.has(prefix)) this.#cache.release(prefix);
      else if (!generations.has(kind.generation)) this.#cache.endWatchers(prefix);
    }
  }

  #index(): void {
    this.all = [...this.#builtIn, ...[...this.#served.values()].flatMap(({ resources }) => resources)];
    this.#byVersion = new Map(this.all.map((r) => [`${r.definition.group}/${r.definition.version}/${r.definition.plural}`, r]));
    this.#byId = new Map();
    for (const r of this.all) if (!this.#byId.has(resourceId(r.definition))) this.#byId.set(resourceId(r.definition), r);
  }
}

function openKind(kind: CustomKind, collection: Collection<KubeObject>, prefix: string): Served {
  const resources = kind.definitions.map((definition) => openVersion(kind, definition, collection, prefix));
  const storage = resources.find(({ definition }) => definition === kind.storage) ?? openVersion(kind, kind.storage, collection, prefix);
  return { prefix, resources, storage };
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
  const base = { definition, collection, prefix, loadedRevision: collection.revision };
  if (!conversion) return { ...base, view: (stored) => stored, views: false, toStored: (object) => object };
  const views = new WeakMap<Cached<KubeObject>, Cached<KubeObject>>();
  return {
    ...base,
    views: true,
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

/** The same object at another revision: what a watcher sees deleted when the object only left its selector. */
export function restamped(item: Cached<KubeObject>, revision: number): Cached<KubeObject> {
  const object = { ...item.object, metadata: { ...item.object.metadata, resourceVersion: String(revision) } };
  return { key: item.key, revision, object, bytes: Buffer.from(JSON.stringify(object)) };
}
