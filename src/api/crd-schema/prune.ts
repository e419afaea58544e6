import { isMap, type StructuralSchema } from './structural.ts';

export const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** `spec.list[0].field` */
function fieldPath(path: readonly (string | number)[]): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

/** A hostile body may hold a million unknown fields; nobody reads that many. */
const MAX_UNKNOWN = 100;
/** Deeper objects are refused before they exhaust the stack. */
export const MAX_DEPTH = 1000;

interface Walk {
  readonly path: (string | number)[];
  readonly unknown: string[];
}

/**
 * Removes what the schema does not specify, in place; answers with the paths of what was removed, sorted. Type and metadata of the object and of embedded
 * objects are left to others. Source: Kubernetes, "CustomResourceDefinitions" (field pruning).
 */
export function pruneFields(object: object, schema: StructuralSchema): string[] {
  const walk: Walk = { path: [], unknown: [] };
  prune(object, { ...schema, embedded: true }, walk);
  return walk.unknown.length > 1 ? walk.unknown.sort() : walk.unknown;
}

function prune(value: unknown, schema: StructuralSchema | undefined, walk: Walk): void {
  if (typeof value !== 'object' || value === null) return;
  if (walk.path.length > MAX_DEPTH) throw new RangeError('exceeded max depth');
  if (Array.isArray(value)) pruneItems(value, schema, walk);
  else pruneObject(value as Record<string, unknown>, schema, walk);
}

function pruneItems(list: readonly unknown[], schema: StructuralSchema | undefined, walk: Walk): void {
  // A list that preserves what it holds passes that on to items which do not say more.
  const inner = schema?.items;
  if (schema?.preservesUnknown && !inner) return;
  const items = inner && schema?.preservesUnknown ? { ...inner, preservesUnknown: true } : inner;
  for (let i = 0; i < list.length; i++) {
    if (typeof list[i] !== 'object') continue;
    walk.path.push(i);
    prune(list[i], items, walk);
    walk.path.pop();
  }
}

function pruneObject(object: Record<string, unknown>, schema: StructuralSchema | undefined, walk: Walk): void {
  const { path } = walk;
  for (const key of Object.keys(object)) {
    if (schema?.embedded && META_FIELDS.has(key)) continue;
    const field = schema?.properties.get(key) ?? schema?.additional;
    if (field === undefined) {
      if (!schema?.preservesUnknown) remove(object, key, walk);
      continue;
    }
    if (typeof object[key] !== 'object') continue;
    path.push(key);
    // `additionalProperties: true` without a schema: values keep their scalars, not their fields.
    prune(object[key], field === true ? undefined : field, walk);
    path.pop();
  }
}

function remove(object: Record<string, unknown>, key: string, { path, unknown }: Walk): void {
  delete object[key];
  if (unknown.length < MAX_UNKNOWN) unknown.push(fieldPath([...path, key]));
}

/** Would pruning change the value? For defaults, which must be pruned already. */
export function isPruned(value: unknown, schema: StructuralSchema): boolean {
  if (typeof value !== 'object' || value === null) return true;
  const copy: unknown = structuredClone(value);
  const walk: Walk = { path: [], unknown: [] };
  prune(copy, schema, walk);
  return walk.unknown.length === 0;
}

/** Calls `visit` for every embedded object, the root's own type and metadata not among them. `path`: `spec.list[0].map[key]`. */
export function forEmbedded(
  value: unknown,
  schema: StructuralSchema | undefined,
  path: string,
  visit: (object: Record<string, unknown>, path: string) => void,
): void {
  if (!schema || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) forEmbedded(item, schema.items, `${path}[${i}]`, visit);
    return;
  }
  if (!isMap(value)) return;
  if (schema.embedded) visit(value, path);
  for (const [key, field] of Object.entries(value)) {
    const property = schema.properties.get(key);
    const { additional } = schema;
    if (property) forEmbedded(field, property, path ? `${path}.${key}` : key, visit);
    else if (additional !== true) forEmbedded(field, additional, `${path}[${key}]`, visit);
  }
}

/** Does anything in the schema embed objects? Most do not, and need no walk. */
export function hasEmbedded(schema: StructuralSchema): boolean {
  if (schema.embedded) return true;
  const inner = [...schema.properties.values(), ...(schema.items ? [schema.items] : [])];
  if (schema.additional && schema.additional !== true) inner.push(schema.additional);
  return inner.some(hasEmbedded);
}
