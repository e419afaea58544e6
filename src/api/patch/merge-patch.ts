import { hasKey, isJsonObject, type JsonObject, malformedPatch, setKey } from './json-value.ts';

/** A nesting that no object of the API has; deeper patches are refused before they exhaust the stack. */
const MAX_DEPTH = 1000;

/**
 * RFC 7386: objects merge key by key, null removes, everything else replaces. Neither argument is changed; the result may share values with both.
 * Throws ApiError BadRequest when the patch is not an object.
 */
export function mergePatch<T extends object>(document: T, patch: unknown): T {
  if (!isJsonObject(patch)) throw malformedPatch('a merge patch must be an object');
  return mergeObjects(document as JsonObject, patch, 0) as T;
}

function mergeObjects(target: JsonObject, patch: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw malformedPatch('the patch is nested too deeply');
  const result = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (!isJsonObject(value)) setKey(result, key, value);
    else {
      const before = hasKey(result, key) ? result[key] : undefined;
      setKey(result, key, mergeObjects(isJsonObject(before) ? before : {}, value, depth + 1));
    }
  }
  return result;
}
