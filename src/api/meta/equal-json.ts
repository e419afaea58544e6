/**
 * Are two pieces of JSON data the same? The order of fields does not matter; a field that is undefined, which objects made in process have, counts as absent. On the path
 * of every write: nothing is made to throw away.
 */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  return !Array.isArray(b) && equalFields(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (!equalJson(a[i], b[i])) return false;
  return true;
}

function equalFields(a: Fields, b: Fields): boolean {
  let more = 0;
  for (const key in a) {
    if (a[key] === undefined) continue;
    more += 1;
    // `constructor` of an object that has no such field is the prototype's.
    if (!Object.hasOwn(b, key) || !equalJson(a[key], b[key])) return false;
  }
  for (const key in b) if (b[key] !== undefined) more -= 1;
  return more === 0;
}
