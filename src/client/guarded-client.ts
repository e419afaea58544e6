import { resourceId } from '../api/define.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { ApiError } from '../api/meta/status.ts';
import type { CallOptions, Client, ResourceKind } from './client.ts';

/** What a write did, for those who must not act again before they have seen it. */
export interface WriteObserver {
  wrote(resource: ResourceKind, object: KubeObject): void;
  deleted(resource: ResourceKind, namespace: string | undefined, name: string): void;
}

const isObject = (answer: unknown): answer is KubeObject => typeof answer === 'object' && answer !== null && 'metadata' in answer;

/**
 * A client that refuses writes which its owner did not declare, before they leave the process. `writes`: resource ids, with
 * `/status` or other subresources; `*` stands for everything (garbage collection, namespace deletion).
 */
export function guardClient(client: Client, owner: string, writes: readonly string[], observer: WriteObserver): Client {
  const allowed = new Set(writes);
  const check = (resource: ResourceKind, options: CallOptions) => {
    const id = options.subresource ? `${resourceId(resource)}/${options.subresource}` : resourceId(resource);
    if (allowed.has(id) || allowed.has('*')) return;
    throw new ApiError('Forbidden', `controller "${owner}" does not declare writes to ${id}`);
  };
  const observe = <R>(resource: ResourceKind, answer: R): R => {
    if (isObject(answer) && answer.kind === resource.kind) observer.wrote(resource, answer);
    return answer;
  };
  return {
    get: client.get,
    list: client.list,
    watch: client.watch,
    async create(resource, object, options) {
      check(resource, options);
      return observe(resource, await client.create(resource, object, options));
    },
    async update(resource, object, options) {
      check(resource, options);
      return observe(resource, await client.update(resource, object, options));
    },
    async patch(resource, name, type, patch, options) {
      check(resource, options);
      return observe(resource, await client.patch(resource, name, type, patch, options));
    },
    async delete(resource, name, options) {
      check(resource, options);
      const answer = await client.delete(resource, name, options);
      observer.deleted(resource, options.namespace, name);
      return answer;
    },
    async deleteCollection(resource, options) {
      check(resource, options);
      return client.deleteCollection(resource, options);
    },
  };
}
