import { resourceId } from '../api/define.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { ApiError } from '../api/meta/status.ts';
import type { CallOptions, Client, ResourceKind } from './client.ts';

/** What a write did, for those who must not act again before they have seen it. */
export interface WriteObserver {
  wrote(resource: ResourceKind, object: KubeObject): void;
  deleted(resource: ResourceKind, namespace: string | undefined, name: string): void;
  /** It failed in a way that does not tell whether it was carried out. `resource`: one of the definitions that were given. */
  unsure(resource: ResourceKind, namespace: string | undefined): void;
}

/** Answers of a server that looked at the request and refused it; anything else may have come after the write, or in its place. */
const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.code < 500;

const isObject = (answer: unknown): answer is KubeObject => typeof answer === 'object' && answer !== null && 'metadata' in answer;

/**
 * A client that refuses writes which its owner did not declare, before they leave the process. `writes`: resource ids, with
 * `/status` or other subresources; `*` stands for everything (garbage collection, namespace deletion); `*` before a subresource for that of any kind.
 */
export function guardClient(client: Client, owner: string, writes: readonly string[], observer: WriteObserver): Client {
  const allowed = new Set(writes);
  const check = (resource: ResourceKind, options: CallOptions) => {
    const id = options.subresource ? `${resourceId(resource)}/${options.subresource}` : resourceId(resource);
    if (allowed.has(id) || allowed.has('*') || (options.subresource && allowed.has(`*/${options.subresource}`))) return;
    throw new ApiError('Forbidden', `controller "${owner}" does not declare writes to ${id}`);
  };
  /** `namespace`: where the object is. */
  const send = async <R>(resource: ResourceKind, namespace: string | undefined, request: Promise<R>): Promise<R> => {
    try {
      return await request;
    } catch (error) {
      if (!isRefusal(error)) observer.unsure(resource, namespace);
      throw error;
    }
  };
  const observe = async <R>(resource: ResourceKind, namespace: string | undefined, request: Promise<R>): Promise<R> => {
    const answer = await send(resource, namespace, request);
    if (isObject(answer) && answer.kind === resource.kind) observer.wrote(resource, answer);
    return answer;
  };
  return {
    get: client.get,
    list: client.list,
    watch: client.watch,
    async create(resource, object, options) {
      check(resource, options);
      return observe(resource, options.namespace ?? object.metadata?.namespace, client.create(resource, object, options));
    },
    async update(resource, object, options) {
      check(resource, options);
      return observe(resource, options.namespace ?? object.metadata?.namespace, client.update(resource, object, options));
    },
    async patch(resource, name, type, patch, options) {
      check(resource, options);
      return observe(resource, options.namespace, client.patch(resource, name, type, patch, options));
    },
    async delete(resource, name, options) {
      check(resource, options);
      const answer = await send(resource, options.namespace, client.delete(resource, name, options));
      observer.deleted(resource, options.namespace, name);
      return answer;
    },
    async deleteCollection(resource, options) {
      check(resource, options);
      return client.deleteCollection(resource, options);
    },
  };
}
