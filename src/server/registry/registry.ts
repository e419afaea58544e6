import { type ResourceDefinition, resourceId } from '../../api/define.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import { type ApiError, notFound, type Status } from '../../api/meta/status.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { RequestContext } from '../ports.ts';
import type { Answer } from './answer.ts';
import { draftOf } from './body.ts';
import { create } from './create.ts';
import { remove, removeCollection } from './delete.ts';
import type { RegistryDeps } from './deps.ts';
import { badRequest, forbiddenBecause, methodNotAllowed, noSuchResource, notBuilt, notSupported } from './errors.ts';
import { noteOwnership } from './field-ownership.ts';
import { list, parseRevision, reach } from './list.ts';
import { patch } from './patch.ts';
import { keyOf, type Resource } from './resources.ts';
import { setDefaults } from './strategy.ts';
import { update } from './update.ts';
import { checkVerb } from './verbs.ts';
import { type WatchStream, watch } from './watch.ts';
import { checkWriteOptions } from './write-options.ts';

/** What a subresource with code of its own gets, besides the request. */
export interface SubresourceDeps extends RegistryDeps {
  /** Any request as the same user, already authorized. */
  readonly registry: Registry;
}

/** Code for one subresource: `pods/binding`, `serviceaccounts/token`. Throws ApiError. */
export type CustomSubresourceHandler = (
  request: ApiRequest,
  context: RequestContext,
  deps: SubresourceDeps,
) => Promise<Answer | KubeObject | Status>;

/** Code for a kind that is not stored: reviews, ComponentStatus. */
export type VirtualHandler = CustomSubresourceHandler;

export interface RegistryOptions extends RegistryDeps {
  /** Every definition that is served, the virtual ones too. */
  readonly definition: (group: string, version: string, plural: string) => ResourceDefinition | undefined;
  /** By `<resource id>/<subresource>`: `pods/eviction`, `deployments.apps/scale`. */
  readonly subresources: Readonly<Record<string, CustomSubresourceHandler>>;
  /** For every subresource of kind `scale`. */
  readonly scale: CustomSubresourceHandler;
  /** By resource id. */
  readonly virtual: Readonly<Record<string, VirtualHandler>>;
}

/** Whoever uses what will go is told, and so is the audit log. */
function noteDeprecation({ deprecation }: ResourceDefinition, context: RequestContext): void {
  if (deprecation === undefined) return;
  context.warn(deprecation);
  context.annotate?.('k8s.io/deprecated', 'true');
}

/** All verbs on all resources, after authorization. */
export interface Registry {
  answer(request: ApiRequest, context: RequestContext): Promise<Answer>;
  watch(request: ApiRequest, context: RequestContext): Promise<WatchStream>;
}

export function createRegistry(options: RegistryOptions): Registry {
  const registry: Registry = {
    async answer(request, context) {
      const definition = options.definition(request.group, request.version, request.resource);
      if (!definition) throw noSuchResource();
      noteDeprecation(definition, context);
      checkVerb(definition, request);
      checkWriteOptions(request);
      if (!isObjectSent(definition, request)) tellRepeated(request, context);
      if (request.subresource) return answerSubresource(definition, request, context);
      if (definition.persistence === 'none') return answerVirtual(definition, request, context);
      if (!definition.verbs.includes(request.verb)) throw terminating(definition, request);
      return answerStored(options, resourceOf(request), request, context);
    },
    async watch(request, context) {
      const definition = options.definition(request.group, request.version, request.resource);
      if (!definition) throw noSuchResource();
      noteDeprecation(definition, context);
      if (definition.persistence === 'none' || !definition.verbs.includes('watch')) throw methodNotAllowed();
      return watch(options, resourceOf(request), request, context);
    },
  };
  const deps: SubresourceDeps = { ...options, registry };

  function resourceOf({ group, version, resource }: ApiRequest): Resource {
    const found = options.resources.find(group, version, resource);
    if (!found) throw noSuchResource();
    return found;
  }

  async function answerSubresource(definition: ResourceDefinition, request: ApiRequest, context: RequestContext): Promise<Answer> {
    const { subresource = '' } = request;
    const declared = Object.hasOwn(definition.subresources, subresource) ? definition.subresources[subresource] : undefined;
    if (!declared) throw definition.structural ? notFound(definition, request.name ?? '') : noSuchResource();
    switch (declared.kind) {
      case 'status':
        return answerStatus(options, resourceOf(request), request, context);
      case 'scale':
        return asAnswer(await options.scale(request, context, deps), request);
      case 'custom': {
        const handler = options.subresources[`${resourceId(definition)}/${subresource}`];
        if (!handler) throw notBuilt(`${definition.plural}/${subresource}`);
        return asAnswer(await handler(request, context, deps), request);
      }
      default:
        return unreachable(declared);
    }
  }

  async function answerVirtual(definition: ResourceDefinition, request: ApiRequest, context: RequestContext): Promise<Answer> {
    const sent = request.verb === 'create' ? await asSent(definition, request, context) : request;
    const handler = options.virtual[resourceId(definition)];
    if (!handler) throw notBuilt(resourceId(definition));
    return asAnswer(await handler(sent, context, deps), request);
  }

  /** What is never stored is read as what is: unknown fields are told of, and its fields belong to who sent them. */
  async function asSent(definition: ResourceDefinition, request: ApiRequest, context: RequestContext): Promise<ApiRequest> {
    const draft = draftOf(definition, request, context, options.schemas);
    setDefaults({ deps: options, definition, context, subresource: '' }, draft);
    await noteOwnership({ deps: options, definition, request, context, subresource: '' }, draft, undefined);
    return { ...request, body: draft };
  }
  return registry;
}

/** Does the body become the stored object, whose unknown fields are looked for? Repeated ones are then told of together with them. */
const isObjectSent = ({ subresources }: ResourceDefinition, { verb, subresource }: ApiRequest): boolean =>
  WRITES.has(verb) && (subresource === undefined || READ_AS_OBJECTS.has(subresources[subresource]?.kind ?? ''));

const READ_AS_OBJECTS = new Set(['status', 'scale']);

const WRITES = new Set(['create', 'update', 'patch']);

function tellRepeated({ findings, options }: ApiRequest, context: RequestContext): void {
  const repeated = findings?.([], true) ?? [];
  if (repeated.length > 0 && options?.fieldValidation === 'Strict') throw badRequest(`strict decoding error: ${repeated.join(', ')}`);
  for (const finding of repeated) context.warn(finding);
}

/** Custom resources have all verbs until their definition goes. */
function terminating(definition: ResourceDefinition, { verb, body }: ApiRequest): ApiError {
  const { name = '' } = (body as KubeObject | undefined)?.metadata ?? {};
  return forbiddenBecause(definition, name, `${verb} not allowed while custom resource definition is terminating`);
}

const ANSWERS = new Set(['item', 'object', 'list', 'status']);

/** Handlers may answer with an object, which has an upper-case kind, or with an Answer. */
function asAnswer(result: Answer | KubeObject | KubeList | Status, { verb }: ApiRequest): Answer {
  if (ANSWERS.has(result.kind ?? '')) return result as Answer;
  if (result.kind === 'Status') return { kind: 'status', status: result as Status };
  return { kind: 'object', object: result as KubeObject, created: verb === 'create' };
}

function answerStored(deps: RegistryDeps, resource: Resource, request: ApiRequest, context: RequestContext): Promise<Answer> {
  switch (request.verb) {
    case 'get':
      return get(resource, request, context);
    case 'list':
      return list(resource, request, context, deps.clock);
    case 'create':
      return create(deps, resource, request, context);
    case 'update':
      return update(deps, resource, request, context);
    case 'patch':
      return patch(deps, resource, request, context);
    case 'delete':
      return remove(deps, resource, request, context);
    case 'deletecollection':
      return removeCollection(deps, resource, request, context);
    case 'watch':
      throw badRequest('watch is a stream');
    case '':
      throw methodNotAllowed();
    default:
      return unreachable(request.verb);
  }
}

function answerStatus(deps: RegistryDeps, resource: Resource, request: ApiRequest, context: RequestContext): Promise<Answer> {
  if (request.verb === 'get') return get(resource, request, context);
  if (request.verb === 'update') return update(deps, resource, request, context, 'status');
  if (request.verb === 'patch') return patch(deps, resource, request, context, 'status');
  throw resource.definition.structural ? notSupported(resource.definition, request.verb) : methodNotAllowed();
}

/** GET of one object: the newest state that the cache has, which is never behind a finished write. */
export async function get(resource: Resource, request: ApiRequest, context: RequestContext): Promise<Answer> {
  const { definition, collection } = resource;
  const { name = '', options } = request;
  const key = keyOf(resource, request.namespace, name);
  if (options?.resourceVersion) {
    await reach(resource, parseRevision(options.resourceVersion, 'get'), context);
  }
  const stored = collection.get(key);
  if (!stored) throw notFound(definition, name);
  if (resource.prepare) await resource.prepare([stored]);
  return { kind: 'item', definition, item: resource.view(stored) };
}
