import { goText, goTypeOf } from '../meta/go-text.ts';
import { hasKey, impossibleMerge, isJsonObject, type JsonObject } from './json-value.ts';

/** What identifies a list element: the scalar itself, or the value of its merge key. Equal ids are equal as Map keys. */
export type ElementId = (element: unknown) => unknown;

/** Elements by id; of several with one id the first counts. */
export function indexElements(list: readonly unknown[], idOf: ElementId): Map<unknown, number> {
  const index = new Map<unknown, number>();
  list.forEach((element, at) => {
    const id = idOf(element);
    if (!index.has(id)) index.set(id, at);
  });
  return index;
}

/**
 * The order of a merged list: elements that the patch names follow `wanted`, the others keep the order they had in `before`; an element of the
 * second kind goes ahead of one of the first when it was ahead of it before. Source: Kubernetes, strategic merge patch, $setElementOrder.
 */
export function orderElements(
  merged: readonly unknown[],
  wanted: readonly unknown[],
  before: readonly unknown[],
  idOf: ElementId,
): unknown[] {
  const inWanted = indexElements(wanted, idOf);
  const inBefore = indexElements(before, idOf);
  const named = sortBy(
    inWanted,
    merged.filter((element) => inWanted.has(idOf(element))),
    idOf,
  );
  const others = sortBy(
    inBefore,
    merged.filter((element) => !inWanted.has(idOf(element))),
    idOf,
  );
  const result: unknown[] = [];
  let [i, j] = [0, 0];
  while (i < others.length && j < named.length) {
    const [other, next] = [inBefore.get(idOf(others[i])), inBefore.get(idOf(named[j]))];
    const otherFirst = other !== undefined && next !== undefined && other < next;
    result.push(otherFirst ? others[i++] : named[j++]);
  }
  return [...result, ...named.slice(j), ...others.slice(i)];
}

/** Elements that the index lacks go to the end, as they came. */
const sortBy = (index: ReadonlyMap<unknown, number>, elements: readonly unknown[], idOf: ElementId): unknown[] =>
  elements
    .map((element) => ({ element, at: index.get(idOf(element)) ?? Number.MAX_SAFE_INTEGER }))
    .sort((a, b) => a.at - b.at)
    .map(({ element }) => element);

/** In the words of Go's mergepatch.ErrBadArgType. */
const badType = (expected: string, actual: unknown) =>
  impossibleMerge(`expected a ${expected}, but received a ${actual === null ? '%!s(<nil>)' : goTypeOf(actual)}`);

export function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw badType('[]interface {}', value);
}

function mergeValue(element: unknown, mergeKey: string | undefined): unknown {
  if (mergeKey === undefined) return element;
  if (!isJsonObject(element)) throw badType('map[string]interface {}', element);
  if (!hasKey(element, mergeKey)) throw impossibleMerge(`map: ${goText(element)} does not contain declared merge key: ${mergeKey}`);
  return element[mergeKey];
}

/** `$setElementOrder` names all that the patch has of the list, but for what it deletes, and in the same order. Throws ApiError InternalError as upstream. */
export function checkElementOrder(patch: readonly unknown[], wanted: readonly unknown[], mergeKey: string | undefined): void {
  if (wanted.length === 0 || patch.length === 0) return;
  const directive = (element: unknown) => (mergeKey !== undefined && isJsonObject(element) ? (element as JsonObject).$patch : undefined);
  const rest = patch.filter((element) => directive(element) !== 'delete');
  for (const named of wanted) {
    while (directive(rest[0]) !== undefined) rest.shift();
    if (rest.length === 0) return;
    if (mergeValue(rest[0], mergeKey) === mergeValue(named, mergeKey)) rest.shift();
  }
  if (rest.length === 0) return;
  throw impossibleMerge(`The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(wanted)}\n`);
}
