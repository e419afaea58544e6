import type { ResourceDefinition } from '../../api/define.ts';
import { invalid } from '../../api/meta/field-error.ts';
import { goText } from '../../api/meta/go-text.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import { jsonPatch, mergePatch, strategicMergePatch } from '../../api/patch/index.ts';
import { DecodeError, goValue } from '../../api/schema/index.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { isRecord } from '../../base/is-record.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import { apply } from './apply.ts';
import { type Draft, draftOf, matchName, matchNamespace } from './body.ts';
import { changeObject } from './change.ts';
import type { RegistryDeps, SchemaWalks } from './deps.ts';
import { badRequest, notBuilt } from './errors.ts';
import type { Resource } from './resources.ts';
import { NO_VERSION } from './versions.ts';

/** PATCH of an object or of its status. */
export async function patch(
  deps: RegistryDeps,
  resource: Resource,
  request: ApiRequest,
  context: RequestContext,
  subresource: '' | 'status' = '',
): Promise<Answer> {
  const { definition } = resource;
  const { name = '', namespace } = request;
  if (request.patchType === 'strategic' && definition.structural) throw noStrategicMerge();
  if (request.patchType === 'apply') return apply(deps, resource, request, context, subresource);
  const make = (old: KubeObject) => {
    const draft = draftOfPatched(() => applyPatch(old, request, definition.schema), {
      definition,
      request,
      context,
      schemas: deps.schemas,
    });
    matchName(draft, name);
    matchNamespace(draft, definition, namespace);
    return withPrecondition(draft, old, request.body);
  };
  return changeObject(deps, { resource, request, context, name, subresource, make });
}

/**
 * What a patch made of an object, as a draft. It is the patch that is at fault where the outcome cannot be read. A strategic merge works on the object as it is typed: it
 * cannot become another kind.
 */
export function draftOfPatched(
  patch: () => unknown,
  {
    definition,
    request,
    context,
    schemas,
  }: { definition: ResourceDefinition; request: ApiRequest; context: RequestContext; schemas: SchemaWalks },
): Draft {
  const strategic = request.patchType === 'strategic';
  const patched = patch();
  const body = strategic && isRecord(patched) ? { ...patched, apiVersion: undefined, kind: undefined } : patched;
  try {
    return draftOf(definition, { ...request, body }, context, schemas);
  } catch (error) {
    if (!(error instanceof ApiError && error.cause instanceof DecodeError)) throw error;
    const { message, converting = message } = error.cause;
    // Reading has changed what was read.
    throw strategic ? badPatch(goText(request.body), converting) : badPatch(JSON.stringify(patch()), message);
  }
}

function badPatch(text: string, why: string): ApiError {
  const { reason, path, message } = invalid('patch', text, why);
  return new ApiError('Invalid', ` "" is invalid: ${path}: ${message}`, { details: { causes: [{ reason, message, field: path }] } });
}

/** Nothing says how the lists of custom resources merge. */
export const noStrategicMerge = (): ApiError =>
  new ApiError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );

/** Only a resourceVersion that the patch itself brings is a precondition. */
function withPrecondition(draft: Draft, old: KubeObject, document: unknown): Draft {
  const { metadata } = draft;
  const brought = (document as { metadata?: { resourceVersion?: string } } | null)?.metadata?.resourceVersion;
  const changed = metadata.resourceVersion !== old.metadata?.resourceVersion;
  if (brought === undefined && !changed) delete metadata.resourceVersion;
  else metadata.resourceVersion ||= NO_VERSION;
  return draft;
}

/**
 * The patched document; neither argument is changed. managedFields that the patch does not speak of are the old ones themselves: they are as long as the object, and
 * need not be copied to be left alone.
 */
export function applyPatch(old: KubeObject, request: ApiRequest, schema: string): unknown {
  const { managedFields, ...metadata } = old.metadata ?? {};
  if (!managedFields || speaksOfManagers(request)) return patched(old, request, schema);
  const document = patched({ ...old, metadata }, request, schema) as KubeObject;
  if (isRecord(document.metadata)) document.metadata.managedFields = managedFields;
  return document;
}

function patched(old: KubeObject, { patchType, body }: ApiRequest, schema: string): object {
  switch (patchType) {
    case 'json':
      return jsonPatch(old, body);
    case 'merge':
      return mergePatch(old, documentOf(body, 'error decoding patch: '));
    case 'strategic':
      return strategicMergePatch(old, body === null ? {} : documentOf(body), schema);
    case 'apply':
      throw notBuilt('server-side apply of this subresource');
    case undefined:
      throw new ApiError('UnsupportedMediaType', 'the patch does not say what kind of patch it is');
  }
}

function speaksOfManagers({ body }: ApiRequest): boolean {
  if (Array.isArray(body)) return body.some((operation) => isRecord(operation) && [operation.path, operation.from].some(reachesManagers));
  return isRecord(body) && isRecord(body.metadata) && Object.hasOwn(body.metadata, 'managedFields');
}

const reachesManagers = (path: unknown): boolean =>
  path === '' || path === '/metadata' || (typeof path === 'string' && path.startsWith('/metadata/managedFields'));

function documentOf(body: unknown, saying = ''): object {
  if (!isRecord(body)) throw badRequest(`${saying}json: cannot unmarshal ${goValue(body)} into Go value of type map[string]interface {}`);
  return body;
}
