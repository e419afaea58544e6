import { dropNulls, pruneFields } from '../../api/crd-schema/index.ts';
import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Cached, Collection } from '../../store/watch-cache/collection.ts';
import { copyJson } from './copy.ts';
import type { Converter, CustomKind } from './custom-kinds.ts';
import { lazyView, type Resource } from './resource.ts';

type Views = WeakMap<Cached<KubeObject>, Cached<KubeObject>>;

/** One version of a custom kind over the collection that all its versions share. */
export function openVersion(
  kind: CustomKind,
  definition: ResourceDefinition,
  collection: Collection<KubeObject>,
  prefix: string,
): Resource {
  const { storage, convert } = kind;
  const views: Views = new WeakMap();
  const own = apiVersionOf(definition);
  const storedAs = apiVersionOf(storage);
  const view = (stored: Cached<KubeObject>): Cached<KubeObject> => {
    let view = views.get(stored);
    if (!view) {
      view = viewOf(stored, own, definition, kind);
      views.set(stored, view);
    }
    return view;
  };
  const base = { definition, collection, prefix, loadedRevision: 0, view, views: true };
  if (!convert) return { ...base, toStored: (object) => (own === storedAs ? object : inVersion(copyJson(object), storage)) };
  return {
    ...base,
    converter: convert,
    prepare: (stored) => convertAhead(stored, views, { own, definition, convert, kind }),
    async toStored(object) {
      if (own === storedAs) return object;
      const [converted] = await convert([copyJson(object)], storedAs);
      return converted ? inVersion(converted, storage) : object;
    },
  };
}

/** The state as the version shows it. Where nothing changes the bytes go out as they were stored. */
function viewOf(stored: Cached<KubeObject>, apiVersion: string, definition: ResourceDefinition, kind: CustomKind): Cached<KubeObject> {
  const read = asRead(stored.object, kind);
  const object = read.apiVersion === apiVersion ? read : inVersion(read, definition);
  return equalJson(object, stored.object) ? stored : lazyView(stored, () => object);
}

/**
 * The state as it is read: pruned and defaulted by the schema of the version that it was written in, which may have changed since, whichever version is asked for. Metadata is shared: no schema
 * reaches into it. Source: Kubernetes, "CustomResourceDefinitions" (defaulting).
 */
function asRead({ apiVersion, kind, metadata, ...content }: KubeObject, { versions, storage }: CustomKind): KubeObject {
  const { hooks, structural } = versions.get(apiVersion) ?? storage;
  const read: KubeObject = { apiVersion, kind, metadata, ...copyJson(content) };
  if (structural) pruneFields(read, structural);
  dropNulls(read, structural);
  hooks.defaults?.(read);
  return read;
}

/** Brought into another version: what that does not know goes, defaults do not come. Works in place. */
function inVersion(object: KubeObject, definition: ResourceDefinition): KubeObject {
  object.apiVersion = apiVersionOf(definition);
  if (definition.structural) pruneFields(object, definition.structural);
  return object;
}

async function convertAhead(
  stored: readonly Cached<KubeObject>[],
  views: Views,
  { own, definition, convert, kind }: { own: string; definition: ResourceDefinition; convert: Converter; kind: CustomKind },
): Promise<void> {
  const foreign = stored.filter((item) => !views.has(item) && item.object.apiVersion !== own);
  if (foreign.length === 0) return;
  const originals = foreign.map(({ object }) => copyJson(asRead(object, kind)));
  const converted = await convert(originals, own);
  for (const [i, item] of foreign.entries()) {
    const object = inVersion(converted[i] ?? asRead(item.object, kind), definition);
    views.set(
      item,
      lazyView(item, () => object),
    );
  }
}
