import { equalJson } from '../../meta/equal-json.ts';
import { type ApplyListType, type ApplyMapType, type ApplyType, isObject } from './apply-type.ts';
import { addedNode, elementsOf } from './extract.ts';
import { type FieldSet, LEAF, NO_FIELDS, withMembership } from './field-set.ts';
import { elementOf } from './list-elements.ts';
import { fieldElement } from './path-element.ts';

/** What happened to the fields of an object. A field is in one of the sets at most. */
export interface Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;
}

type Building = Record<string, FieldSet>;
/** As nodes of the three trees; absent: nothing of the kind at this value or below. */
interface Changes {
  added?: FieldSet;
  removed?: FieldSet;
  modified?: FieldSet;
}

/** Compares two states of an object. An absent `before` is an object that is to be created. */
export function compareObjects(before: object | undefined, after: object, type: ApplyType): Comparison {
  const changes = type.map && compareMaps((before ?? {}) as Record<string, unknown>, after as Record<string, unknown>, type.map);
  return { added: changes?.added ?? NO_FIELDS, removed: changes?.removed ?? NO_FIELDS, modified: changes?.modified ?? NO_FIELDS };
}

const SELF_MODIFIED: Changes = { modified: LEAF };

function compareValues(before: unknown, after: unknown, type: ApplyType): Changes | undefined {
  if (before === after) return undefined;
  if (type.map && !type.map.atomic && isMapOrNull(before) && isMapOrNull(after)) {
    return compareMaps(before ?? NOTHING, after ?? NOTHING, type.map);
  }
  if (type.list && type.list.relation !== 'atomic' && isListOrNull(before) && isListOrNull(after)) {
    return compareLists(before ?? [], after ?? [], type.list);
  }
  if (equalJson(before, after)) return undefined;
  const [was, is] = [addedNode(before, type), addedNode(after, type)];
  if (was === LEAF && is === LEAF) return SELF_MODIFIED;
  // A value became one of another kind: its parts go, or come, with it.
  return { modified: LEAF, ...below('removed', was), ...below('added', is) };
}

const NOTHING: Readonly<Record<string, unknown>> = {};
/** `constructor` is a label like any other. */
const own = (object: Readonly<Record<string, unknown>>, name: string): unknown =>
  name in NOTHING && !Object.hasOwn(object, name) ? undefined : object[name];
const isMapOrNull = (value: unknown): value is Record<string, unknown> | null => value === null || isObject(value);
const isListOrNull = (value: unknown): value is unknown[] | null => value === null || Array.isArray(value);

function below(kind: 'added' | 'removed', node: FieldSet): Changes {
  const rest = node === LEAF ? undefined : withMembership(node, false);
  return rest ? { [kind]: rest } : {};
}

function compareMaps(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  map: ApplyMapType,
): Changes | undefined {
  let changes: Changes | undefined;
  for (const name of Object.keys(after)) {
    const [was, is] = [own(before, name), after[name]];
    if (was === is) continue;
    const found = compareFields(was, is, name, map);
    if (found) changes = collect(changes, map.fields.get(name)?.element ?? fieldElement(name), found);
  }
  for (const name of Object.keys(before)) {
    if (before[name] === undefined || own(after, name) !== undefined) continue;
    const found = compareFields(before[name], undefined, name, map);
    if (found) changes = collect(changes, map.fields.get(name)?.element ?? fieldElement(name), found);
  }
  return changes;
}

/** One of the two is there. */
function compareFields(was: unknown, is: unknown, name: string, map: ApplyMapType): Changes | undefined {
  const field = map.fields.get(name);
  const type = field ? field.type : map.values;
  if (!type || (was === undefined && is === undefined)) return undefined;
  if (was !== undefined && is !== undefined) return compareValues(was, is, type);
  const there = was ?? is;
  if (field?.alwaysThere && typeof there === 'object') {
    const empty = Array.isArray(there) ? [] : {};
    return was === undefined ? compareValues(empty, is, type) : compareValues(was, empty, type);
  }
  return was === undefined ? { added: addedNode(is, type) } : { removed: addedNode(was, type) };
}

function compareLists(before: readonly unknown[], after: readonly unknown[], list: ApplyListType): Changes | undefined {
  if (equalJson(before, after)) return undefined;
  const [was, is] = [singleElements(before, list), singleElements(after, list)];
  if (!was || !is) return compareWithDuplicates(before, after, list);
  let changes: Changes | undefined;
  for (const [element, item] of is) {
    const old = was.get(element);
    const found = old === undefined ? { added: addedNode(item, list.items) } : compareValues(old, item, list.items);
    if (found) changes = collect(changes, element, found);
  }
  if (was.size === is.size && changes?.added === undefined) return changes;
  for (const [element, item] of was) {
    if (!is.has(element)) changes = collect(changes, element, { removed: addedNode(item, list.items) });
  }
  return changes;
}

/** undefined: an element is there twice. */
function singleElements(items: readonly unknown[], list: ApplyListType): ReadonlyMap<string, unknown> | undefined {
  const elements = new Map<string, unknown>();
  for (const item of items) elements.set(elementOf(list, item), item);
  return elements.size === items.length ? elements : undefined;
}

function compareWithDuplicates(before: readonly unknown[], after: readonly unknown[], list: ApplyListType): Changes | undefined {
  const [was, is] = [elementsOf(before, list), elementsOf(after, list)];
  let changes: Changes | undefined;
  for (const [element, items] of is) {
    const found = compareElement(was.get(element) ?? [], items, list.items);
    if (found) changes = collect(changes, element, found);
  }
  for (const [element, items] of was) {
    if (!is.has(element)) changes = collect(changes, element, { removed: items.length > 1 ? LEAF : addedNode(items[0], list.items) });
  }
  return changes;
}

/** Duplicates count as one field: what becomes one loses its parts, what was one gains them. */
function compareElement(was: readonly unknown[], is: readonly unknown[], type: ApplyType): Changes | undefined {
  if (was.length === 0) return { added: is.length > 1 ? LEAF : addedNode(is[0], type) };
  if (was.length === 1 && is.length === 1) return compareValues(was[0], is[0], type);
  if (was.length > 1 && is.length > 1) return equalJson(was, is) ? undefined : SELF_MODIFIED;
  if (was.length > 1) return { removed: LEAF, added: addedNode(is[0], type) };
  return { removed: addedNode(was[0], type), added: LEAF };
}

function collect(changes: Changes | undefined, element: string, found: Changes): Changes {
  const into = changes ?? {};
  if (found.added) put(into, 'added', element, found.added);
  if (found.removed) put(into, 'removed', element, found.removed);
  if (found.modified) put(into, 'modified', element, found.modified);
  return into;
}

function put(changes: Changes, kind: keyof Changes, element: string, node: FieldSet): void {
  const tree = (changes[kind] ?? {}) as Building;
  tree[element] = node;
  changes[kind] = tree;
}
