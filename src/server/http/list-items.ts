import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import type { Memory, Span } from '../../store/watch-cache/collection.ts';
import type { Part } from './pieces.ts';

/** An item as a list has it: JSON in bytes, or where they lie among others, and parsed for when that must be written anew. */
export interface ListItem {
  readonly bytes: Buffer;
  readonly span?: Span;
  readonly object: KubeObject;
}

const OPEN = Buffer.from('{');
const NEXT = Buffer.from(',{');
const COMMA = Buffer.from(',');

/**
 * The items of a list, to be written one after the other, with what stands between them. Items of the server's own kinds do not say their version and kind,
 * since the list does; those of custom resources say both. (As upstream, whose typed lists drop it: clients compare what they list with what they created.)
 */
export function listItems(definition: ResourceDefinition, items: readonly ListItem[]): Part[] {
  const heads = definition.structural ? undefined : headsOf(definition);
  const parts: Part[] = [];
  for (const item of items) {
    const isFirst = parts.length === 0;
    if (heads) parts.push(isFirst ? OPEN : NEXT, afterHead(item, heads));
    else if (isFirst) parts.push(spanOf(item));
    else parts.push(COMMA, spanOf(item));
  }
  return parts;
}

/** A list that is not kept in bytes. */
export function bareList(list: KubeList): KubeList {
  return { ...list, items: list.items.map(({ apiVersion: _version, kind: _kind, ...rest }) => rest) };
}

/** How the bytes of objects begin, as clients write them. */
function headsOf(definition: ResourceDefinition): readonly Buffer[] {
  const version = `"apiVersion":${JSON.stringify(apiVersionOf(definition))}`;
  const kind = `"kind":${JSON.stringify(definition.kind)}`;
  return [`{${version},${kind},`, `{${kind},${version},`].map((text) => Buffer.from(text));
}

function spanOf(item: ListItem): Span {
  const { span } = item;
  if (span) return span;
  const { bytes } = item;
  return { memory: bytes, from: 0, length: bytes.length };
}

/** `item.object` is parsed when it is read: only where the bytes begin in another way. */
function afterHead(item: ListItem, heads: readonly Buffer[]): Part {
  const { memory, from, length } = spanOf(item);
  for (const head of heads) {
    const size = head.length;
    if (length > size && begins(memory, from, head)) return { memory, from: from + size, length: length - size };
  }
  const { apiVersion: _version, kind: _kind, ...rest } = item.object;
  return Buffer.from(JSON.stringify(rest)).subarray(OPEN.length);
}

/** Byte by byte: for so few of them a call out of JavaScript takes longer, and a list has thousands. */
function begins(memory: Memory, from: number, head: Buffer): boolean {
  if (memory instanceof Uint8Array) return areAt(memory, from, head);
  memory.copy(beginning, 0, from, from + head.length);
  return areAt(beginning, 0, head);
}

/** Of what is put together as it is copied. */
const beginning = Buffer.allocUnsafeSlow(256);

function areAt(memory: Uint8Array, from: number, head: Buffer): boolean {
  for (let i = 0; i < head.length; i += 1) if (memory[from + i] !== head[i]) return false;
  return true;
}
