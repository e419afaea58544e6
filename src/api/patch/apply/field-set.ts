/**
 * A set of fields in the form in which managedFields carry it (FieldsV1): a tree of path elements. `{}` is a field of the set; a node with
 * `.` is one too, besides the fields below it; a node without is only on the way to them. The empty root is the empty set.
 * Sets are never changed: what an operation leaves alone it shares, and it answers with its first argument when nothing changes.
 * Source: KEP-555, the format of FieldsV1.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

type Building = Record<string, FieldSet>;

export const SELF = '.';
/** A field without fields below it that belong to the set. */
export const LEAF: FieldSet = Object.freeze({});
export const NO_FIELDS: FieldSet = LEAF;

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Does the node of a tree stand for a field of the set, not only for a way to others? */
export function isMember(node: FieldSet): boolean {
  return node[SELF] !== undefined || isEmptySet(node);
}

/** The same node as a field of the set, or only as a way to the fields below it. undefined: nothing is left of it. */
export function withMembership(node: FieldSet, member: boolean): FieldSet | undefined {
  if (isMember(node) === member) return node;
  if (member) return { [SELF]: LEAF, ...node };
  const { [SELF]: _, ...below } = node;
  return isEmptySet(below) ? undefined : below;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmptySet(b)) return a;
  return isEmptySet(a) ? b : unionBelow(a, b);
}

function unionBelow(a: FieldSet, b: FieldSet): FieldSet {
  let out: Building | undefined;
  for (const key in b) {
    if (key === SELF) continue;
    const [mine, theirs] = [a[key], b[key] as FieldSet];
    const both = mine === undefined ? theirs : unionNodes(mine, theirs);
    if (both === mine) continue;
    out ??= { ...a };
    out[key] = both;
  }
  return out ?? a;
}

function unionNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const member = isMember(a) || isMember(b);
  const below = unionBelow(a, b);
  return withMembership(below, member) ?? LEAF;
}

/** What is in `a` and not in `b`. A field and the fields below it are different things: `a.b` stays when only `a` is taken away. */
export const difference = (a: FieldSet, b: FieldSet): FieldSet => differenceBelow(a, b, differenceNodes);

/** As `difference`, but a field of `b` takes everything below it along. */
export const differenceWithBelow = (a: FieldSet, b: FieldSet): FieldSet =>
  differenceBelow(a, b, (mine, theirs) => (isMember(theirs) ? undefined : differenceOf(mine, theirs, isMember(mine), differenceWithBelow)));

type NodeDifference = (mine: FieldSet, theirs: FieldSet) => FieldSet | undefined;

const differenceNodes: NodeDifference = (a, b) => differenceOf(a, b, isMember(a) && !isMember(b), difference);

function differenceOf(a: FieldSet, b: FieldSet, member: boolean, below: (a: FieldSet, b: FieldSet) => FieldSet): FieldSet | undefined {
  if (isEmptySet(a)) return member ? a : undefined;
  const rest = below(a, b);
  const { [SELF]: self, ...fields } = rest;
  if (isEmptySet(fields)) return member ? LEAF : undefined;
  if ((self !== undefined) === member) return rest;
  return member ? { [SELF]: LEAF, ...fields } : fields;
}

function differenceBelow(a: FieldSet, b: FieldSet, nodes: NodeDifference): FieldSet {
  let out: Building | undefined;
  for (const key in b) {
    const mine = key === SELF ? undefined : a[key];
    if (mine === undefined) continue;
    const rest = nodes(mine, b[key] as FieldSet);
    if (rest === mine) continue;
    out ??= { ...a };
    if (rest === undefined) delete out[key];
    else out[key] = rest;
  }
  return out ?? a;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const out: Building = {};
  for (const key in a) {
    const theirs = key === SELF ? undefined : b[key];
    if (theirs === undefined) continue;
    const mine = a[key] as FieldSet;
    const both = intersection(mine, theirs);
    const member = isMember(mine) && isMember(theirs);
    if (isEmptySet(both)) {
      if (member) out[key] = LEAF;
    } else {
      const { [SELF]: _, ...fields } = both;
      out[key] = member ? { [SELF]: LEAF, ...fields } : fields;
    }
  }
  return out;
}

/** Are they the same fields, in whatever order? */
export function equalSets(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let more = 0;
  for (const key in a) {
    const theirs = b[key];
    if (theirs === undefined || !equalSets(a[key] as FieldSet, theirs)) return false;
    more += 1;
  }
  for (const _ in b) more -= 1;
  return more === 0;
}

/** Calls `visit` for every field of the set: those of one level first, then what is below them. The array is reused: copy it to keep it. */
export function forEachField(set: FieldSet, visit: (path: readonly string[]) => void, path: string[] = []): void {
  const nodes = Object.entries(set).filter(([key]) => key !== SELF);
  for (const [key, node] of nodes) {
    if (!isMember(node)) continue;
    path.push(key);
    visit(path);
    path.pop();
  }
  for (const [key, node] of nodes) {
    path.push(key);
    forEachField(node, visit, path);
    path.pop();
  }
}

export function hasField(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const element of path) {
    node = node[element];
    if (node === undefined) return false;
  }
  return path.length > 0 && isMember(node);
}

/** The set of one field. */
export const singleField = (path: readonly string[]): FieldSet =>
  path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), LEAF);
