import type { ResourceDefinition } from '../api/define.ts';
import type { KubeList, KubeObject } from '../api/meta/object.ts';
import type { DeleteOptions, PatchType, RequestOptions, WatchEvent } from '../api/transport.ts';

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
  delete(
    resource: ResourceDefinition<never> | ResourceDefinition,
    name: string,
    options: CallOptions & { delete?: DeleteOptions },
  ): Promise<unknown>;
  deleteCollection(resource: ResourceDefinition, options: CallOptions & { delete?: DeleteOptions }): Promise<unknown>;
}
