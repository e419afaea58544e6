import { apiVersionOf } from '../../api/define.ts';
import type { KubeList, KubeObject } from '../../api/meta/object.ts';
import { ApiError, qualifiedResource, type Status } from '../../api/meta/status.ts';
import { toHttp } from '../../api/request-url.ts';
import type { ApiRequest } from '../../api/transport.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { refusalOf } from '../outbound/server-response.ts';
import type { UserInfo } from '../ports.ts';
import type { ExtensionServer, ExtensionServers } from './extension-servers.ts';
import { userHeaders } from './proxy.ts';

/** Requests of callers in process to extension API servers. */
export interface ExtensionRequests {
  find(request: ApiRequest): ExtensionServer | undefined;
  /** Rejects with ApiError, in the words of upstream's client. */
  request(
    server: ExtensionServer,
    request: ApiRequest,
    options: { user: UserInfo; signal: AbortSignal },
  ): Promise<KubeObject | KubeList | Status>;
}

export interface ExtensionRequestsOptions {
  readonly servers: ExtensionServers;
  readonly outbound: Outbound;
  readonly frontProxy: () => { readonly cert: string; readonly key: string };
}

const TIMEOUT_MS = 10_000;
const UNAVAILABLE = { statusCode: 503, headers: { 'content-type': 'text/plain' } };

/** Reads alone: nothing in process writes to what others serve. */
export function extensionRequests({ servers, outbound, frontProxy }: ExtensionRequestsOptions): ExtensionRequests {
  return {
    find: ({ group, version }) => servers.find(group, version),
    async request(server, request, { user, signal }) {
      if (request.verb !== 'get' && request.verb !== 'list')
        throw new ApiError('NotImplemented', `${request.verb} of ${apiVersionOf(request)} from within the server is not built`);
      const { method, path } = toHttp(request);
      const asked = [method.toLowerCase(), qualifiedResource(request.resource, request.group), request.name].filter(Boolean).join(' ');
      if (!server.available) throw refusalOf(UNAVAILABLE, '', asked);
      const call = { path, headers: { accept: 'application/json', ...userHeaders(user) }, timeoutMs: TIMEOUT_MS, signal };
      const answer = await outbound.getText({ ...server.endpoint, credentials: frontProxy() }, call).catch((error: Error) => {
        signal.throwIfAborted();
        throw new ApiError('ServiceUnavailable', `error trying to reach service: ${error.message}`, { cause: error });
      });
      if (answer.code >= 300) throw refusalOf({ statusCode: answer.code, headers: answer.headers }, answer.text, asked);
      return parse(answer.text);
    },
  };
}

function parse(text: string): KubeObject {
  try {
    return JSON.parse(text) as KubeObject;
  } catch (cause) {
    throw new ApiError('InternalError', 'the extension server answered with something that is not JSON', { cause });
  }
}
