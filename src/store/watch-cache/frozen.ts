/** Freezes in place. A part that is frozen already counts as deeply frozen: parts of cached objects are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key in value) {
    const part = value[key];
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}

type Parts = Record<string, unknown>;

const isParts = (value: unknown): value is Parts => typeof value === 'object' && value !== null;

/**
 * As `deepFreeze`, and what is equal to the part of `like` in the same place becomes that very part, texts too: pods of one template, and the states of one
 * object, differ in little, so that thousands of them in memory cost little more than what they differ in. `like` is deeply frozen; both are JSON.
 */
export function freezeLike<T>(value: T, like: unknown): T {
  if (!isParts(value) || Object.isFrozen(value)) return value;
  if (!isParts(like)) return deepFreeze(value);
  shareParts(value, like, freezeLike);
  return Object.freeze(value);
}

/** As `freezeLike`, but what differs from `like` is not frozen. */
export function shareLike(value: unknown, like: unknown): void {
  if (isParts(value) && isParts(like) && !Object.isFrozen(value)) shareParts(value, like, shareLike);
}

/** `whereDiffering` is told of the parts that are not equal. */
function shareParts(value: Parts, like: Parts, whereDiffering: (part: unknown, other: unknown) => void): void {
  for (const key in value) {
    const part = value[key];
    // Never inherited: the prototype is no part.
    const other = key === '__proto__' ? undefined : like[key];
    if (equalParts(part, other)) {
      if (typeof part === 'string' || isParts(part)) value[key] = other;
    } else whereDiffering(part, other);
  }
}

function equalParts(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!isParts(a) || !isParts(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  let keys = 0;
  for (const key in a) {
    if (key === '__proto__' || !equalParts(a[key], b[key])) return false;
    keys += 1;
  }
  for (const _ in b) keys -= 1;
  return keys === 0;
}
