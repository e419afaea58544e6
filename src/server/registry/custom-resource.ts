import { pruneFields } from '../../api/crd-schema/index.ts';
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
  { storage, convert }: CustomKind,
  definition: ResourceDefinition,
  collection: Collection<KubeObject>,
  prefix: string,
): Resource {
  const views: Views = new WeakMap();
  const own = apiVersionOf(definition);
  const storedAs = apiVersionOf(storage);
  const view = (stored: Cached<KubeObject>): Cached<KubeObject> => {
    let view = views.get(stored);
    if (!view) {
      view = viewOf(stored, own, definition);
      views.set(stored, view);
    }
    return view;
  };
  const base = { definition, collection, prefix, loadedRevision: 0, view, views: true };
  if (!convert) return { ...base, toStored: (object) => (own === storedAs ? object : { ...object, apiVersion: storedAs }) };
  return {
    ...base,
    converter: convert,
    prepare: (stored) => convertAhead(stored, views, { own, definition, convert }),
    async toStored(object) {
      if (own === storedAs) return object;
      const [converted] = await convert([copyJson(object)], storedAs);
      return converted ?? object;
    },
  };
}

/**
 * The state as the version shows it: pruned and defaulted by its schema, which may have changed since the state was written. Where nothing changes the bytes go out as they
 * were stored.
 */
function viewOf(stored: Cached<KubeObject>, apiVersion: string, definition: ResourceDefinition): Cached<KubeObject> {
  const object = asRead({ ...stored.object, apiVersion }, definition);
  return equalJson(object, stored.object) ? stored : lazyView(stored, () => object);
}

/** Metadata is shared: no schema reaches into it. */
function asRead({ apiVersion, kind, metadata, ...content }: KubeObject, { hooks, structural }: ResourceDefinition): KubeObject {
  const read: KubeObject = { apiVersion, kind, metadata, ...copyJson(content) };
  if (structural) pruneFields(read, structural);
  hooks.defaults?.(read);
  return read;
}

async function convertAhead(
  stored: readonly Cached<KubeObject>[],
  views: Views,
  { own, definition, convert }: { own: string; definition: ResourceDefinition; convert: Converter },
): Promise<void> {
  const foreign = stored.filter((item) => !views.has(item) && item.object.apiVersion !== own);
  if (foreign.length === 0) return;
  const originals = foreign.map(({ object }) => copyJson(object));
  const converted = await convert(originals, own);
  for (const [i, item] of foreign.entries()) {
    const object = asRead(converted[i] ?? item.object, definition);
    views.set(
      item,
      lazyView(item, () => object),
    );
  }
}
