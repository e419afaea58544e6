import { LRUCache } from 'lru-cache';
import { apiVersionOf } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { encodeBare, encodeList, encodeProtobuf, encodeWatchFrame, enveloped } from '../../api/protobuf/index.ts';
import type { Cached } from '../../store/watch-cache/collection.ts';
import { type ListAnswer, listMetadata } from '../registry/answer.ts';
import type { WatchItem } from '../registry/watch.ts';
import type { Accepted } from './accept.ts';
import { partialOf } from './table.ts';

/** Watchers of one kind are told of a revision at about the same time: this much keeps them from encoding it each for itself. */
const KEPT_BYTES = 8 * 1024 * 1024;
const kept = new LRUCache<Cached<KubeObject>, Uint8Array>({ maxSize: KEPT_BYTES, sizeCalculation: (bytes) => bytes.length + 1 });

/** The bare message of one revision, encoded once for all who ask for it while it is kept. */
function bareOf(item: Cached<KubeObject>): Uint8Array {
  const known = kept.get(item);
  if (known) return known;
  const bytes = encodeBare(item.object);
  kept.set(item, bytes);
  return bytes;
}

/** An item of the cache in its envelope. */
export const protobufItem = (item: Cached<KubeObject>): readonly Uint8Array[] => enveloped(item.object, [bareOf(item)]);

/** Items of lists are encoded afresh where they are not kept: a large list would push out everything else. */
export function protobufList(answer: ListAnswer): readonly Uint8Array[] {
  const { definition, items } = answer;
  const list = { apiVersion: apiVersionOf(definition), kind: definition.listKind, metadata: listMetadata(answer) };
  return encodeList(
    list,
    items.map((item) => kept.get(item) ?? encodeBare(item.object)),
  );
}

/** One thing that a watcher is told, as a frame. */
export function protobufFrame(item: WatchItem, { shape, version }: Accepted): readonly Uint8Array[] {
  if ('item' in item && shape !== 'partial') return encodeWatchFrame(item.type, protobufItem(item.item));
  if (item.type === 'ERROR') return encodeWatchFrame(item.type, [encodeProtobuf(item.object)]);
  const object = 'item' in item ? item.item.object : item.object;
  return encodeWatchFrame(item.type, [encodeProtobuf(shape === 'partial' ? partialOf(object, version) : object)]);
}
