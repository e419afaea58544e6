import type { ResourceDefinition } from '../../api/define.ts';
import { equalJson } from '../../api/meta/equal-json.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { prune } from '../../api/schema/index.ts';
import type { AdmissionRequest } from '../ports.ts';
import { copyJson } from '../registry/copy.ts';
import { type Equivalents, kindAt } from './matching/equivalents.ts';
import { isWhole, type Versioned } from './webhooks/review.ts';

/**
 * Puts what a webhook or a policy made of the object, in the group and version that it saw, in the place of the object of the request. False: nothing
 * changed.
 */
export async function replaceObject(
  { request, object }: AdmissionRequest,
  { own, asked }: Versioned,
  made: KubeObject,
  equivalents: Pick<Equivalents, 'convert'>,
): Promise<boolean> {
  if (!object) return false;
  const subresource = request.subresource ?? '';
  const patched = settled(copyJson(made), asked, subresource);
  const next = isWhole(own, subresource) ? await equivalents.convert(patched, asked, own) : patched;
  if (equalJson(next, object)) return false;
  for (const field of Object.keys(object)) delete (object as unknown as Record<string, unknown>)[field];
  Object.assign(object, copyJson(next));
  return true;
}

/** What comes from outside passes the same schema and defaults as what a client sent. */
function settled(object: KubeObject, definition: ResourceDefinition, subresource: string): KubeObject {
  const whole = isWhole(definition, subresource);
  if (whole && definition.hooks.decode) definition.hooks.decode(object);
  else prune(object, whole ? definition.schema : kindAt(definition, subresource).kind);
  if (whole) definition.hooks.defaults?.(object);
  return object;
}
