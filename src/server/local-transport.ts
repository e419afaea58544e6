import type { KubeObject } from '../api/meta/object.ts';
import { ApiError, fromStatus } from '../api/meta/status.ts';
import type { ApiRequest, Transport } from '../api/transport.ts';
import type { ExtensionRequests } from './aggregation/extension-requests.ts';
import type { Authorizer, RequestContext, UserInfo } from './ports.ts';
import { answerObject } from './registry/answer.ts';
import { attributesOf, authorize } from './registry/authorize.ts';
import { copyJson, copyObject } from './registry/copy.ts';
import type { Registry } from './registry/registry.ts';
import { watchEvent } from './registry/watch.ts';

/**
 * The in-process door for one user: the same authorization and the same registry as HTTP, without sockets or JSON. Objects
 * that come out are the cache's own, frozen; bodies that go in are copied, so callers may reuse theirs. What extension servers serve is read from them.
 */
export function localTransport(
  { registry, authorizer, extensions }: { registry: Registry; authorizer: Authorizer; extensions?: ExtensionRequests },
  user: UserInfo,
  userAgent = '',
): Transport {
  const contextOf = (signal: AbortSignal): RequestContext => ({ user, signal, userAgent, warn: () => {} });
  return {
    async request(request, { signal }) {
      await authorize(authorizer, attributesOf(user, request));
      const extension = extensions?.find(request);
      if (extensions && extension) return extensions.request(extension, request, { user, signal });
      return orInternal(async () => answerObject(await registry.answer(owned(request), contextOf(signal))));
    },
    async *watch(request, { signal }) {
      const watchRequest: ApiRequest = { ...request, verb: 'watch' };
      await authorize(authorizer, attributesOf(user, watchRequest));
      const { batches } = await orInternal(() => registry.watch(watchRequest, contextOf(signal)));
      for await (const batch of batches) {
        for (const item of batch) {
          if (item.type === 'ERROR') throw fromStatus(item.object);
          yield watchEvent(item);
        }
      }
    },
  };
}

const owned = (request: ApiRequest): ApiRequest =>
  request.body === undefined ? request : { ...request, body: isObject(request.body) ? copyObject(request.body) : copyJson(request.body) };

const isObject = (body: unknown): body is KubeObject => typeof body === 'object' && body !== null && !Array.isArray(body);

async function orInternal<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('InternalError', `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
