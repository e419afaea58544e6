import type { KubeObject } from '../../api/meta/object.ts';
import { entriesOf } from '../../api/patch/apply/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from '../registry/answer.ts';
import { appliedObject, readConfiguration } from '../registry/apply.ts';
import { type Draft, draftOf, matchName, matchNamespace } from '../registry/body.ts';
import { changeObject } from '../registry/change.ts';
import { copyJson, copyObject } from '../registry/copy.ts';
import { methodNotAllowed, noSuchResource } from '../registry/errors.ts';
import { setEntries } from '../registry/field-ownership.ts';
import { applyPatch, draftOfPatched } from '../registry/patch.ts';
import { type CustomSubresourceHandler, get, type SubresourceDeps } from '../registry/registry.ts';

/**
 * GET, PUT and PATCH of a subresource that shows the whole object and changes one part of it. `take` copies that part from what was
 * sent into a copy of the object.
 */
export function partialUpdate<T extends KubeObject>(subresource: string, take: (sent: T, object: T) => void): CustomSubresourceHandler {
  return async (request: ApiRequest, context: RequestContext, deps: SubresourceDeps): Promise<Answer> => {
    const resource = deps.resources.find(request.group, request.version, request.resource);
    if (!resource) throw noSuchResource();
    if (request.verb === 'get') return get(resource, request, context);
    if (request.verb !== 'update' && request.verb !== 'patch') throw methodNotAllowed();
    const { definition } = resource;
    const { name = '', namespace } = request;
    const configuration = request.patchType === 'apply' ? readConfiguration(request.body, definition) : undefined;
    const make = async (old: KubeObject): Promise<Draft> => {
      const writing = { deps, definition, request, context, subresource };
      const applied = configuration && (await appliedObject(writing, configuration, old));
      const reading = { definition, request, context, schemas: deps.schemas };
      const body = applied ? copyJson(applied.object) : copyJson(request.body);
      const sent =
        request.verb === 'patch' && !applied
          ? draftOfPatched(() => applyPatch(old, request, definition.schema), reading)
          : draftOf(definition, { ...request, body }, context, deps.schemas);
      matchName(sent, name);
      matchNamespace(sent, definition, namespace);
      const draft = copyObject(old) as Draft;
      take(sent as unknown as T, draft as unknown as T);
      const { resourceVersion, uid } = sent.metadata;
      const brought = request.verb === 'update' || resourceVersion !== old.metadata?.resourceVersion;
      Object.assign(draft.metadata, { resourceVersion: brought ? resourceVersion : undefined, uid: uid || old.metadata?.uid });
      if (applied) setEntries(draft, entriesOf(applied.managers));
      return draft;
    };
    return changeObject(deps, { resource, request, context, name, subresource, make, ...(configuration && { ownership: 'made' }) });
  };
}
