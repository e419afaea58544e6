import { type ApplyListType, type ApplyMapType, type ApplyType, isObject } from './apply-type.ts';
import { type FieldSet, isEmptySet, LEAF, NO_FIELDS, SELF, withMembership } from './field-set.ts';
import { elementOf } from './list-elements.ts';
import { compareElements, fieldElement } from './path-element.ts';

type Building = Record<string, FieldSet>;

/** The fields that an applied configuration names: its leaves, the elements of its lists, the keys of its maps. */
export function appliedFields(configuration: object, type: ApplyType): FieldSet {
  return type.map ? (appliedMap(configuration as Record<string, unknown>, type.map) ?? NO_FIELDS) : NO_FIELDS;
}

/** undefined: the value names nothing, such as an empty list whose elements have owners of their own. */
function appliedNode(value: unknown, type: ApplyType): FieldSet | undefined {
  if (Array.isArray(value) && type.list) return type.list.relation === 'atomic' ? LEAF : appliedList(value, type.list);
  if (isObject(value) && type.map) return type.map.atomic ? LEAF : appliedMap(value, type.map);
  if (value === null) return isGranular(type) ? undefined : LEAF;
  return LEAF;
}

const isGranular = (type: ApplyType): boolean =>
  type.map ? !type.map.atomic : type.scalar === undefined && type.list !== undefined && type.list.relation !== 'atomic';

function appliedMap(value: Readonly<Record<string, unknown>>, map: ApplyMapType): FieldSet | undefined {
  const out: Building = {};
  for (const name of sorted(Object.keys(value))) {
    const part = value[name];
    const field = map.fields.get(name);
    const type = field?.type ?? map.values;
    if (part === undefined || !type) continue;
    const empty = part === null || (isObject(part) && isEmptySet(part as FieldSet));
    const node = empty ? LEAF : appliedNode(part, type);
    if (field) {
      if (node) out[field.element] = node;
    } else out[fieldElement(name)] = withMembership(node ?? LEAF, true) ?? LEAF;
  }
  return isEmptySet(out) ? undefined : out;
}

function appliedList(value: readonly unknown[], list: ApplyListType): FieldSet | undefined {
  const out: Building = {};
  for (const [element, items] of elementsOf(value, list)) {
    const node = items.length > 1 ? LEAF : (appliedNode(items[0], list.items) ?? LEAF);
    out[element] = withMembership(node, true) ?? LEAF;
  }
  return isEmptySet(out) ? undefined : out;
}

/** Everything in a value that was not there before: as `appliedFields`, and every value on the way. */
export function addedNode(value: unknown, type: ApplyType): FieldSet {
  if (Array.isArray(value) && type.list && type.list.relation !== 'atomic' && value.length > 0) return addedList(value, type.list);
  if (!isObject(value) || !type.map || type.map.atomic) return LEAF;
  const { map } = type;
  let out: Building | undefined;
  for (const name of sorted(Object.keys(value))) {
    const field = map.fields.get(name);
    const partType = field ? field.type : map.values;
    const part = value[name];
    if (part === undefined || !partType) continue;
    out ??= { [SELF]: LEAF };
    out[field ? field.element : fieldElement(name)] = addedNode(part, partType);
  }
  return out ?? LEAF;
}

function addedList(value: readonly unknown[], list: ApplyListType): FieldSet {
  const out: Building = { [SELF]: LEAF };
  let last = '';
  let ordered = true;
  for (const item of value) {
    const element = elementOf(list, item);
    if (last !== '' && ordered && compareElements(last, element) >= 0) ordered = false;
    last = element;
    // An element that is there twice has one owner as a whole.
    out[element] = out[element] === undefined ? addedNode(item, list.items) : LEAF;
  }
  return ordered ? out : inOrder(out);
}

function inOrder(set: FieldSet): FieldSet {
  const out: Building = {};
  for (const key of Object.keys(set).sort(compareElements)) out[key] = set[key] as FieldSet;
  return out;
}

/** Elements of a list by name, in the order in which they come; more than one item: duplicates. */
export function elementsOf(value: readonly unknown[], list: ApplyListType): Map<string, unknown[]> {
  const elements = new Map<string, unknown[]>();
  for (const item of value) {
    const element = elementOf(list, item);
    const items = elements.get(element);
    if (items) items.push(item);
    else elements.set(element, [item]);
  }
  return elements;
}

/** In place, by insertion: keys are few and mostly in order, which Array.sort does not profit from. */
export function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i += 1) {
    const key = keys[i] as string;
    let at = i;
    for (; at > 0 && (keys[at - 1] as string) > key; at -= 1) keys[at] = keys[at - 1] as string;
    keys[at] = key;
  }
  return keys;
}
