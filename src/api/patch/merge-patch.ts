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
    if (value === null) delete target[key];
    else if (!isJsonObject(value)) setKey(target, key, value);
    else {
      const before = hasKey(target, key) ? target[key] : undefined;
      setKey(target, key, mergeObjects(isJsonObject(before) ? before : {}, value));
    }
  }
  return target;
}
