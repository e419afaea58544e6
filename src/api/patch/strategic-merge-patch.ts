import { goText } from '../meta/go-text.ts';
import { ApiError } from '../meta/status.ts';
import { type MergeRule, mergeRule } from '../schema/list-types.ts';
import { type FieldType, findSchema } from '../schema/schema.ts';
import { asList, checkElementOrder, type ElementId, indexElements, orderElements } from './element-order.ts';
import { cloneJson, hasKey, impossibleMerge, isJsonObject, type JsonObject, malformedPatch, setKey } from './json-value.ts';

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';
/** Of a directive that names no list. */
const bare = (directive: string) => directive.slice(0, -1);

/**
 * Kubernetes' own patch: lists with a merge key merge by element, and directives ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder)
 * say what JSON cannot. Neither argument is changed. Source: Kubernetes, "Update API Objects in Place Using kubectl patch".
 * Throws ApiError: UnsupportedMediaType for kinds without a schema (custom resources), BadRequest or Invalid for a patch that cannot be applied.
 */
export function strategicMergePatch<T extends object>(document: T, patch: unknown, schemaName: string): T {
  if (!findSchema(schemaName)) {
    throw new ApiError(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }
  if (!isJsonObject(patch)) throw malformedPatch('a strategic merge patch must be an object');
  return mergeObject(cloneJson(document) as JsonObject, cloneJson(patch), schemaName) as T;
}

/** Changes and returns `target`, or returns what replaces it. `schema` is undefined inside maps and free-form values. */
function mergeObject(target: JsonObject, patch: JsonObject, schema: string | undefined): JsonObject {
  switch (patch[DIRECTIVE]) {
    case undefined:
      break;
    case 'replace':
      return withoutDirectives(patch) as JsonObject;
    case 'delete':
      return {};
    default:
      throw impossibleMerge(`unknown patch type: ${String(patch[DIRECTIVE])} in map: ${goText(patch)}`);
  }
  if (hasKey(patch, RETAIN_KEYS)) retainKeys(target, patch);
  applyElementOrders(target, patch, schema);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(DELETE_FROM_LIST)) deleteFromList(target, key.slice(DELETE_FROM_LIST.length), value);
    else if (key.startsWith(bare(DELETE_FROM_LIST))) throw malformedPatch('invalid patch format of primitive list');
    else if (key !== DIRECTIVE && key !== RETAIN_KEYS && !key.startsWith(ELEMENT_ORDER)) mergeField(target, key, value, schema);
  }
  return target;
}

function mergeField(target: JsonObject, key: string, value: unknown, schema: string | undefined): void {
  if (value === null) {
    delete target[key];
    return;
  }
  const before = hasKey(target, key) ? target[key] : undefined;
  const { rule, inner } = lookUp(schema, key);
  if (isJsonObject(value) && isJsonObject(before) && !rule.patch?.includes('replace')) {
    setKey(target, key, mergeObject(before, value, inner));
  } else if (Array.isArray(value) && Array.isArray(before) && rule.patch?.includes('merge')) {
    setKey(target, key, mergeList(before, value, rule.mergeKey, inner));
  } else if (!isJsonObject(value) || !hasKey(value, DIRECTIVE)) {
    setKey(target, key, withoutDirectives(value));
  } else {
    delete target[key];
  }
}

const NO_RULE: MergeRule = {};

/** How a field merges, and the schema of its value or of its list's elements. */
function lookUp(schema: string | undefined, key: string): { rule: MergeRule; inner: string | undefined } {
  const field = schema === undefined ? undefined : findSchema(schema)?.fields.get(key);
  if (schema === undefined || !field) return { rule: NO_RULE, inner: undefined };
  return { rule: mergeRule(schema, key), inner: elementSchema(field.type) };
}

function elementSchema(type: FieldType): string | undefined {
  if (type.is === 'schema') return type.name;
  return type.is === 'list' && type.items.is === 'schema' ? type.items.name : undefined;
}

function mergeList(
  before: readonly unknown[],
  patch: readonly unknown[],
  mergeKey: string | undefined,
  schema: string | undefined,
): unknown[] {
  const idOf = elementId(mergeKey);
  if (mergeKey === undefined) return orderElements(distinct([...before, ...patch]), patch, before, idOf);
  const elements = patch.map((element) => asElement(element, mergeKey));
  const kept = applyElementDirectives(before, elements, mergeKey);
  if (kept.replaced) return kept.replaced;
  const merged = [...kept.list];
  const index = indexElements(merged, idOf);
  for (const element of kept.patch) {
    const at = index.get(idOf(element));
    if (at !== undefined) merged[at] = mergeObject(merged[at] as JsonObject, element, schema);
    else index.set(idOf(element), merged.push(withoutDirectives(element)) - 1);
  }
  return orderElements(merged, kept.patch, before, idOf);
}

/** `$patch: delete` removes the element with that merge key; `$patch: replace` makes the rest of the patch the whole list. */
function applyElementDirectives(before: readonly unknown[], patch: readonly JsonObject[], mergeKey: string) {
  const rest = patch.filter((element) => !hasKey(element, DIRECTIVE));
  const deleted = new Set<unknown>();
  for (const element of patch.filter((candidate) => hasKey(candidate, DIRECTIVE))) {
    switch (element[DIRECTIVE]) {
      case 'replace':
        return { list: before, patch: rest, replaced: rest.map(withoutDirectives) };
      case 'delete':
        deleted.add(element[mergeKey]);
        break;
      case 'merge':
        throw impossibleMerge('merging lists cannot yet be specified in the patch');
      default:
        throw impossibleMerge(`unknown patch type: ${String(element[DIRECTIVE])} in map: ${goText(element)}`);
    }
  }
  const list = before.filter((other) => !isJsonObject(other) || !deleted.has(other[mergeKey]));
  return { list, patch: rest, replaced: undefined };
}

function asElement(element: unknown, mergeKey: string): JsonObject {
  if (!isJsonObject(element)) throw impossibleMerge('list element types are not identical');
  if (!hasKey(element, mergeKey) && element[DIRECTIVE] !== 'replace') {
    throw impossibleMerge(`map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
  }
  return element;
}

const elementId =
  (mergeKey: string | undefined): ElementId =>
  (element) => {
    const id = mergeKey !== undefined && isJsonObject(element) ? element[mergeKey] : element;
    return typeof id === 'object' ? JSON.stringify(id) : id;
  };

const distinct = (list: readonly unknown[]): unknown[] => [...new Set(list)];

/** `$retainKeys` lists everything that may stay: for unions such as a Deployment's strategy. */
function retainKeys(target: JsonObject, patch: JsonObject): void {
  const keep = patch[RETAIN_KEYS];
  if (!Array.isArray(keep) || Object.keys(patch).some((key) => !key.startsWith('$') && patch[key] !== null && !keep.includes(key))) {
    throw malformedPatch('invalid patch format of retainKeys');
  }
  for (const key of Object.keys(target)) if (!keep.includes(key)) delete target[key];
}

/** `$setElementOrder/containers` names every element that the writer knows, in order; the list itself may be absent from the patch. */
function applyElementOrders(target: JsonObject, patch: JsonObject, schema: string | undefined): void {
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(bare(ELEMENT_ORDER))) continue;
    const wanted = asList(order);
    if (!directive.startsWith(ELEMENT_ORDER)) throw malformedPatch('invalid patch format of setElementOrder list');
    const key = directive.slice(ELEMENT_ORDER.length);
    const { mergeKey } = lookUp(schema, key).rule;
    const before = hasKey(target, key) ? [...asList(target[key])] : [];
    if (hasKey(patch, key)) {
      checkElementOrder(asList(patch[key]), wanted, mergeKey);
      mergeField(target, key, patch[key], schema);
      delete patch[key];
    }
    if (!hasKey(target, key)) continue;
    setKey(target, key, orderElements(asList(target[key]), wanted, before, elementId(mergeKey)));
  }
}

function deleteFromList(target: JsonObject, key: string, values: unknown): void {
  const list = hasKey(target, key) ? target[key] : undefined;
  if (values === null) delete target[key];
  if (!Array.isArray(values) || !Array.isArray(list)) return;
  const gone = new Set(values);
  const left = list.filter((item) => !gone.has(item));
  setKey(target, key, left);
}

/** What a patch's value is where there was nothing before: no directives, no nulls, no elements that it wants deleted. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !isJsonObject(item) || !hasKey(item, DIRECTIVE)).map(withoutDirectives);
  }
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const isDirective = key === DIRECTIVE || key === RETAIN_KEYS || key.startsWith(ELEMENT_ORDER) || key.startsWith(DELETE_FROM_LIST);
    const isDeleted = item === null || (isJsonObject(item) && hasKey(item, DIRECTIVE));
    if (!isDirective && !isDeleted) setKey(result, key, withoutDirectives(item));
  }
  return result;
}
