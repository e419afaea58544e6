import { setKey } from '../json-value.ts';
import { type ApplyListType, type ApplyMapType, type ApplyType, isObject, partType } from './apply-type.ts';
import { type FieldSet, isMember, SELF, withMembership } from './field-set.ts';
import { elementOf } from './list-elements.ts';
import { fieldElement } from './path-element.ts';

/** The object without the fields of the set. Fields of structs that are left empty go, too; the values of a map's keys stay, for somebody has set the key. */
export function removeFields<T extends object>(object: T, fields: FieldSet, type: ApplyType): T {
  return (removeFrom(object, fields, type) ?? {}) as T;
}

function removeFrom(value: unknown, fields: FieldSet, type: ApplyType): unknown {
  if (Array.isArray(value) && type.list) return type.list.relation === 'atomic' ? undefined : removeFromList(value, fields, type.list);
  if (isObject(value) && type.map) return type.map.atomic ? undefined : removeFromMap(value, fields, type.map);
  return value;
}

function removeFromMap(value: Readonly<Record<string, unknown>>, fields: FieldSet, map: ApplyMapType): object | undefined {
  const out: Record<string, unknown> = {};
  let kept = 0;
  for (const [name, part] of Object.entries(value)) {
    const node = fields[fieldElement(name)];
    let rest = node === undefined ? part : withoutPart(part, node, partType(map, name));
    if (rest === undefined && node && !isMember(node) && !map.fields.has(name)) rest = Array.isArray(part) ? [] : {};
    if (rest === undefined) continue;
    setKey(out, name, rest);
    kept += 1;
  }
  return kept === 0 ? undefined : out;
}

function removeFromList(value: readonly unknown[], fields: FieldSet, list: ApplyListType): unknown[] | undefined {
  const out = value.flatMap((item) => {
    const node = fields[elementOf(list, item)];
    const rest = node === undefined ? item : withoutPart(item, node, list.items);
    return rest === undefined ? [] : [rest];
  });
  return out.length === 0 ? undefined : out;
}

const withoutPart = (part: unknown, node: FieldSet, type: ApplyType | undefined): unknown =>
  isMember(node) || !type ? undefined : removeFrom(part, node, type);

/** The set, and every struct field on the way to its fields: what apply has to look at, though nobody owns it. */
export function withNamedFields(fields: FieldSet, type: ApplyType | undefined): FieldSet {
  const out: Record<string, FieldSet> = {};
  for (const [element, node] of Object.entries(fields)) {
    if (element === SELF) {
      out[SELF] = node;
      continue;
    }
    const name = element[0] === 'f' ? element.slice(2) : undefined;
    const named = name === undefined ? undefined : type?.map?.fields.get(name);
    const below = name === undefined ? type?.list?.items : (named?.type ?? type?.map?.values);
    const inner = withNamedFields(node, below);
    out[element] = named ? (withMembership(inner, true) ?? inner) : inner;
  }
  return out;
}
