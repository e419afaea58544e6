import type { ResourceDefinition } from '../../api/define.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { methodNotAllowed } from './errors.ts';

const OF_PARTS: readonly Verb[] = ['get', 'update', 'patch'];

/**
 * Refuses what a built-in kind, or a part of it, does not do, whatever else the request says: no such route exists upstream. Custom kinds have all
 * routes and refuse in their own words. Throws ApiError MethodNotAllowed.
 */
export function checkVerb(definition: ResourceDefinition, { verb, subresource }: ApiRequest): void {
  if (definition.structural) return;
  const verbs = subresource ? verbsOfPart(definition, subresource) : definition.verbs;
  if (verbs && !verbs.includes(verb)) throw methodNotAllowed();
}

function verbsOfPart({ subresources }: ResourceDefinition, name: string): readonly Verb[] | undefined {
  const declared = Object.hasOwn(subresources, name) ? subresources[name] : undefined;
  return declared?.kind === 'custom' ? declared.verbs : declared && OF_PARTS;
}
