import { ApiError } from '../meta/status.ts';

/** An object of a JSON document, such as a patch or what it changes. */
export type JsonObject = Record<string, unknown>;

export const isJsonObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Own properties only: `constructor` in a patch is a key like any other. */
export const hasKey = (object: object, key: string): boolean => Object.hasOwn(object, key);

/** Sets a key; `__proto__` becomes a property and never the prototype. */
export function setKey(object: JsonObject, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A nesting that no object of the API has; deeper documents are refused before they exhaust the stack. */
const MAX_DEPTH = 1000;

/** A deep copy of a JSON document; fields that are undefined, which objects made in process have, are absent. Throws ApiError BadRequest when it is nested too deeply. */
export function cloneJson<T>(value: T, depth = 0): T {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw malformedPatch('the document is nested too deeply');
  if (Array.isArray(value)) return value.map((item) => cloneJson(item, depth + 1)) as T;
  const copy: JsonObject = {};
  for (const key in value) {
    const item: unknown = value[key];
    if (item !== undefined) setKey(copy, key, cloneJson(item, depth + 1));
  }
  return copy as T;
}

/** A JSON patch that is well-formed but cannot be applied: 422 as upstream answers, which keeps the reason (the error's cause) to itself. */
export const rejectedPatch = (why: string): ApiError =>
  new ApiError('Invalid', 'the server rejected our request due to an error in our request', { details: {}, cause: why });

/** What a test operation looks for is not there. */
export const failedTest = (path: string): ApiError => rejectedPatch(`testing value ${path} failed: test failed`);

/** Was it a test that failed, and not an operation that cannot be made? */
export const isFailedTest = (error: Error): boolean => /^testing value .* failed: test failed$/s.test(patchFault(error));

/** A strategic merge patch that cannot be merged: 500, as upstream answers what its library says. */
export const impossibleMerge = (message: string): ApiError => new ApiError('InternalError', message, { statedReason: '' });

/** Why a patch was rejected. */
export const patchFault = (error: Error): string => (typeof error.cause === 'string' ? error.cause : error.message);

/** A patch that is not one. */
export const malformedPatch = (message: string): ApiError => new ApiError('BadRequest', message);
