import { apiVersionOf, type ResourceDefinition } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { DecodeError, prune } from '../../api/schema/index.ts';
import type { AdmissionRequest } from '../ports.ts';
import { copyJson } from '../registry/copy.ts';
import { internalError } from '../registry/errors.ts';
import { type Equivalents, kindAt } from './matching/equivalents.ts';
import { checkBuiltInKind, customVersion } from './patched-kind.ts';
import { isWhole, type Versioned } from './webhooks/review.ts';

export interface ReplaceOptions {
  readonly equivalents: Pick<Equivalents, 'convert' | 'find'>;
  /** Fields that the schema lacks are refused, not dropped. */
  readonly strict?: boolean;
}

/**
 * Puts what a webhook or a policy made of the object, in the group and version that it saw, in the place of the object of the request. False: nothing
 * changed. Throws ApiError for what cannot be read as what it was.
 */
export async function replaceObject(
  { request, object }: AdmissionRequest,
  { own, asked }: Versioned,
  made: KubeObject,
  { equivalents, strict = false }: ReplaceOptions,
): Promise<boolean> {
  if (!object) return false;
  const subresource = request.subresource ?? '';
  const whole = isWhole(own, subresource);
  const isCustom = whole && own.structural !== undefined;
  if (!isCustom) checkBuiltInKind(made, asked, subresource);
  const from = isCustom ? customVersion(made, own, equivalents) : asked;
  const patched = settled(copyJson(made), from, subresource, strict);
  const next = whole ? await equivalents.convert(patched, from, own) : patched;
  if (equalJson(next, object)) return false;
  for (const field of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[field];
  Object.assign(object, copyJson(next));
  return true;
}

/** What comes from outside passes the same schema and defaults as what a client sent. */
function settled(object: KubeObject, definition: ResourceDefinition, subresource: string, strict: boolean): KubeObject {
  const whole = isWhole(definition, subresource);
  object.metadata ??= {};
  const { group, version, kind } = kindAt(definition, subresource);
  Object.assign(object, { apiVersion: apiVersionOf({ group, version }), kind });
  const unknown = readable(() =>
    whole && definition.hooks.decode
      ? definition.hooks.decode(object)
      : prune(object, whole ? definition.schema : kindAt(definition, subresource).kind),
  );
  if (strict && unknown.length > 0) throw internalError(`strict decoding error: ${unknown.join(', ')}`);
  if (whole) definition.hooks.defaults?.(object);
  return object;
}

/** The client sent none of it: what cannot be read is no fault of its. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ApiError && error.cause instanceof DecodeError ? internalError(error.cause.message) : error;
  }
}
