import type { ResourceDefinition } from '../api/define.ts';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import type { ApiRequest, DeleteOptions, PatchType, RequestOptions, Transport, Verb, WatchEvent } from '../api/transport.ts';

/** The part of a definition that does not depend on the object's type: any definition fits, whatever its kind. */
export type ResourceKind = Pick<ResourceDefinition, 'group' | 'version' | 'kind' | 'plural' | 'scope' | 'verbs'>;

/** Where and how. `namespace` is left out for cluster-scoped resources and for reads over all namespaces. */
export interface CallOptions extends RequestOptions {
  namespace?: string;
  /** `status`, `scale`, `binding`, … */
  subresource?: string;
  signal: AbortSignal;
}

/**
 * Typed verbs over a Transport. Objects that come back may be shared with caches: read-only; copy to change (structuredClone).
 * Every verb rejects with ApiError.
 */
export interface Client {
  get<T extends KubeObject>(resource: ResourceDefinition<T>, name: string, options: CallOptions): Promise<T>;
  list<T extends KubeObject>(resource: ResourceDefinition<T>, options: CallOptions): Promise<KubeList<T>>;
  watch<T extends KubeObject>(resource: ResourceDefinition<T>, options: CallOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: ResourceDefinition<T>, object: T, options: CallOptions): Promise<T>;
  update<T extends KubeObject>(resource: ResourceDefinition<T>, object: T, options: CallOptions): Promise<T>;
  patch<T extends KubeObject>(
    resource: ResourceDefinition<T>,
    name: string,
    type: PatchType,
    patch: unknown,
    options: CallOptions,
  ): Promise<T>;
  /** Resolves with the object (still there: graceful deletion or finalizers) or the Status of its removal. */
  delete(resource: ResourceKind, name: string, options: DeleteCallOptions): Promise<unknown>;
  deleteCollection(resource: ResourceKind, options: DeleteCallOptions): Promise<unknown>;
}

export type DeleteCallOptions = CallOptions & { delete?: DeleteOptions };

interface Call extends DeleteCallOptions {
  name?: string;
  body?: unknown;
  patchType?: PatchType;
}

function toRequest(verb: Verb, resource: ResourceKind, call: Call): ApiRequest {
  const { signal: _, namespace, subresource, delete: deleteOptions, name, body, patchType, ...options } = call;
  return {
    verb,
    group: resource.group,
    version: resource.version,
    resource: resource.plural,
    ...(subresource && { subresource }),
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(Object.keys(options).length > 0 && { options }),
    ...((body ?? deleteOptions) !== undefined && { body: body ?? deleteOptions }),
    ...(patchType && { patchType }),
  };
}

/** The API answers with the kind that was asked for: the one place where the transport's untyped answers get their type. */
export function createClient(transport: Transport): Client {
  const send = <R>(verb: Verb, resource: ResourceKind, call: Call) =>
    transport.request(toRequest(verb, resource, call), { signal: call.signal }) as Promise<R>;
  const namespaceOf = (object: KubeObject, options: CallOptions) => options.namespace ?? object.metadata?.namespace;
  return {
    get: (resource, name, options) => send('get', resource, { ...options, name }),
    list: (resource, options) => send('list', resource, options),
    watch: <T extends KubeObject>(resource: ResourceDefinition<T>, options: CallOptions) =>
      transport.watch(toRequest('watch', resource, options), { signal: options.signal }) as AsyncIterable<WatchEvent<T>>,
    create: (resource, object, options) =>
      send('create', resource, {
        ...options,
        namespace: namespaceOf(object, options),
        ...(options.subresource && { name: object.metadata?.name }),
        body: object,
      }),
    update: (resource, object, options) =>
      send('update', resource, { ...options, namespace: namespaceOf(object, options), name: object.metadata?.name, body: object }),
    patch: (resource, name, type, patch, options) => send('patch', resource, { ...options, name, body: patch, patchType: type }),
    delete: (resource, name, options) => send('delete', resource, { ...options, name }),
    deleteCollection: (resource, options) => send('deletecollection', resource, options),
  };
}
