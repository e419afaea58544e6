import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import { type Draft, draftOf } from '../registry/body.ts';
import { copyJson } from '../registry/copy.ts';
import type { SubresourceDeps } from '../registry/registry.ts';

/** What is posted to a subresource that takes another kind (a Binding, an Eviction), read as every object is. Throws as draftOf. */
export const sentObject = <T extends KubeObject>(
  definition: ResourceDefinition<T>,
  request: ApiRequest,
  context: RequestContext,
  { schemas }: Pick<SubresourceDeps, 'schemas'>,
): T & Draft =>
  draftOf(definition as unknown as ResourceDefinition, { ...request, body: copyJson(request.body) }, context, schemas) as T & Draft;
