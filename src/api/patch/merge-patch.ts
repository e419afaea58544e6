import { cloneJson, hasKey, isJsonObject, type JsonObject, malformedPatch, setKey } from './json-value.ts';

/**
 * RFC 7386: objects merge key by key, null removes, everything else replaces. Neither argument is changed.
 * Throws ApiError BadRequest when the patch is not an object.
 */
export function mergePatch<T extends object>(document: T, patch: unknown): T {
  if (!isJsonObject(patch)) throw malformedPatch('a merge patch must be an object');
  return mergeObjects(cloneJson(document) as JsonObject, cloneJson(patch)) as T;
}

/** Changes and returns `target`. */
function mergeObjects(target: JsonObject, patch: JsonObject): JsonObject {
  for (const [key, value] of Object.entries(patch)) {
    const before = hasKey(target, key) ? target[key] : undefined;
    if (value === null) delete target[key];
    else if (!isJsonObject(before)) setKey(target, key, withoutNulls(value));
    else setKey(target, key, isJsonObject(value) ? mergeObjects(before, value) : value);
  }
  return target;
}

/**
 * What is new has nothing to remove: objects lose their nulls, those in lists too (of which the RFC does not speak; upstream's library has it so). Nulls in lists stay, and so
 * does everything in a list that takes the place of an object. Changes and returns `value`.
 */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) for (const item of value) withoutNulls(item);
  else if (isJsonObject(value)) {
    for (const [key, field] of Object.entries(value)) {
      if (field === null) delete value[key];
      else withoutNulls(field);
    }
  }
  return value;
}
