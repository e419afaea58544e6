import type { KubeObject } from '../api/meta/object.ts';
import { ApiError, fromStatus } from '../api/meta/status.ts';
import type { ApiRequest, Transport } from '../api/transport.ts';
import type { Clock } from '../base/clock.ts';
import { letOthersRun } from '../base/event-loop.ts';
import type { ExtensionRequests } from './aggregation/extension-requests.ts';
import type { ObserveRequest } from './metrics/client-metrics.ts';
import type { Authorizer, RequestContext, UserInfo } from './ports.ts';
import { answerObject } from './registry/answer.ts';
import { attributesOf, authorize } from './registry/authorize.ts';
import { copyJson, copyObject } from './registry/copy.ts';
import type { Registry } from './registry/registry.ts';
import { type WatchStream, watchEvent } from './registry/watch.ts';

const [OK, CREATED] = [200, 201];

export interface LocalTransportOptions {
  readonly userAgent?: string;
  readonly observed?: Observed;
}

interface Observed {
  readonly observe: ObserveRequest;
  readonly clock: Clock;
}

/**
 * The in-process door for one user: the same authorization and the same registry as HTTP, without sockets or JSON. Objects
 * that come out are the cache's own, frozen; bodies that go in are copied, so callers may reuse theirs. What extension servers serve is read from them.
 */
export function localTransport(
  { registry, authorizer, extensions }: { registry: Registry; authorizer: Authorizer; extensions?: ExtensionRequests },
  user: UserInfo,
  { userAgent = '', observed }: LocalTransportOptions = {},
): Transport {
  const contextOf = (signal: AbortSignal): RequestContext => ({ user, signal, userAgent, warn: () => {} });
  const begin = async (request: ApiRequest, signal: AbortSignal): Promise<WatchStream> => {
    const startedMs = observed?.clock.monotonic() ?? 0;
    try {
      await authorize(authorizer, attributesOf(user, request));
      const stream = await orInternal(() => registry.watch(request, contextOf(signal)));
      tell(observed, request, OK, startedMs);
      return stream;
    } catch (error) {
      if (error instanceof ApiError) tell(observed, request, error.code, startedMs);
      throw error;
    }
  };
  return {
    async request(request, { signal }) {
      const startedMs = observed?.clock.monotonic() ?? 0;
      try {
        await authorize(authorizer, attributesOf(user, request));
        const extension = extensions?.find(request);
        const answer =
          extensions && extension
            ? await extensions.request(extension, request, { user, signal })
            : await orInternal(async () => answerObject(await registry.answer(owned(request), contextOf(signal))));
        tell(observed, request, request.verb === 'create' ? CREATED : OK, startedMs);
        return answer;
      } catch (error) {
        if (error instanceof ApiError) tell(observed, request, error.code, startedMs);
        throw error;
      }
    },
    async *watch(request, { signal }) {
      const watchRequest: ApiRequest = { ...request, verb: 'watch' };
      const { batches } = await begin(watchRequest, signal);
      for await (const batch of batches) {
        // Those who watch over a network first: they are told in this turn.
        await letOthersRun();
        for (const item of batch) {
          if (item.type === 'ERROR') throw fromStatus(item.object);
          yield watchEvent(item);
        }
      }
    },
  };
}

function tell(observed: Observed | undefined, { verb }: ApiRequest, code: number, startedMs: number): void {
  observed?.observe(verb, code, (observed.clock.monotonic() - startedMs) / 1000);
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
