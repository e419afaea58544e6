import { type ApplyType, DEDUCED, partType } from './apply-type.ts';
import { type FieldSet, isEmptySet, LEAF, SELF } from './field-set.ts';

/**
 * The set as the schema of today names it: where a list or map has become atomic since, owners of parts of it own the whole. What has become granular is left
 * as it is, as upstream does (structured-merge-diff, ReconcileFieldSetWithSchema).
 */
export function reconciledSet(set: FieldSet, type: ApplyType): FieldSet {
  let out: Record<string, FieldSet> | undefined;
  for (const element in set) {
    const part = element === SELF ? undefined : partOf(type, element);
    // Where there is no schema there is nothing that could have changed.
    if (!part || part === DEDUCED) continue;
    const node = set[element] as FieldSet;
    const reconciled = reconciledNode(node, part);
    if (reconciled === node) continue;
    out ??= { ...set };
    out[element] = reconciled;
  }
  return out ?? set;
}

function reconciledNode(node: FieldSet, type: ApplyType): FieldSet {
  if (isEmptySet(node)) return node;
  const atomic = isOfList(node) ? type.list?.relation === 'atomic' : type.map?.atomic;
  return atomic ? LEAF : reconciledSet(node, type);
}

const FIELD = 'f:';

const isOfList = (node: FieldSet): boolean => Object.keys(node).some((element) => element !== SELF && !element.startsWith(FIELD));

const partOf = ({ map, list }: ApplyType, element: string): ApplyType | undefined =>
  element.startsWith(FIELD) ? map && partType(map, element.slice(FIELD.length)) : list?.items;
