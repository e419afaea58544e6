import { setKey } from '../json-value.ts';
import { type ApplyListType, type ApplyMapType, type ApplyType, isObject, partType } from './apply-type.ts';
import { elementOf } from './list-elements.ts';

/**
 * An applied configuration laid over a live object: leaves of the configuration win, granular maps and lists merge part by part. Nothing is removed.
 * Neither argument is changed; the result shares parts of both.
 */
export const mergeConfiguration = <T extends object>(live: T, configuration: object, type: ApplyType): T =>
  mergeValues(live, configuration, type) as T;

function mergeValues(live: unknown, applied: unknown, type: ApplyType): unknown {
  if (applied === undefined) return live;
  if (live === undefined) return applied;
  if (type.map && !type.map.atomic && isObject(live) && (applied === null || isObject(applied))) {
    if (applied === null) return Object.keys(live).length === 0 ? null : live;
    return mergeMaps(live, applied, type.map);
  }
  if (type.list && type.list.relation !== 'atomic' && Array.isArray(live) && (applied === null || Array.isArray(applied))) {
    const [before, after] = [live as unknown[], (applied ?? []) as unknown[]];
    return before.length + after.length === 0 ? applied : mergeLists(before, after, type.list);
  }
  return applied;
}

function mergeMaps(live: Readonly<Record<string, unknown>>, applied: Readonly<Record<string, unknown>>, map: ApplyMapType): object {
  const out: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const type = partType(map, name);
    const before = Object.hasOwn(live, name) ? live[name] : undefined;
    setKey(out, name, type ? mergeValues(before, value, type) : value);
  }
  return out;
}

interface Indexed {
  readonly elements: readonly string[];
  /** undefined for elements that are there more than once: these do not merge. */
  readonly items: ReadonlyMap<string, unknown>;
}

function index(items: readonly unknown[], list: ApplyListType): Indexed {
  const byElement = new Map<string, unknown>();
  const elements = items.map((item) => {
    const element = elementOf(list, item);
    byElement.set(element, byElement.has(element) ? undefined : item);
    return element;
  });
  return { elements, items: byElement };
}

/**
 * Elements that only the live list has keep their places; those of the configuration come in its order. The two lists are walked side by side, and
 * `shared`, the elements that both have in the order of the configuration, decides which of them may come next.
 */
function mergeLists(live: readonly unknown[], applied: readonly unknown[], list: ApplyListType): unknown[] {
  const [left, right] = [index(live, list), index(applied, list)];
  const shared = right.elements.filter((element) => left.items.has(element));
  const merged = new Set<string>();
  const out: unknown[] = [];
  const takeRight = (element: string) => {
    merged.add(element);
    out.push(mergeValues(left.items.get(element), right.items.get(element), list.items));
    if (shared[0] === element) shared.shift();
  };
  for (let l = 0, r = 0; l < left.elements.length || r < right.elements.length; ) {
    const [mine, theirs] = [left.elements[l], right.elements[r]];
    if (mine !== undefined && theirs !== undefined) {
      if (mine === theirs) {
        takeRight(theirs);
        l += 1;
        r += 1;
        continue;
      }
      if (right.items.has(mine) && shared[0] !== undefined && shared[0] !== mine) {
        l += 1;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!right.items.has(mine)) {
        out.push(live[l]);
        l += 1;
        continue;
      }
      if (merged.has(mine)) l += 1;
    }
    if (theirs !== undefined) {
      takeRight(theirs);
      r += 1;
    }
  }
  return out;
}
