import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import type { ObjectReader } from '../ports.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const DEFAULT_KUBELET_PORT = 10250;
/** The order in which a node's addresses are tried, as the API server's --kubelet-preferred-address-types. */
const PREFERRED_ADDRESSES = ['InternalIP', 'ExternalIP', 'InternalDNS', 'Hostname'];

/** Where a request goes: a kubelet (with our client certificate), or a pod (for the proxy subresource). */
export interface Target {
  readonly protocol: 'http:' | 'https:';
  readonly host: string;
  readonly port: number;
  readonly tls: 'kubelet' | 'unverified' | undefined;
}

export interface KubeletCredentials {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Upgraded {
  readonly response: IncomingMessage;
  /** Bytes that came with the response are already back in it. */
  readonly socket: Duplex;
}

/** Opens connections from the server to its agents. Rejects with ApiError: ServiceUnavailable when the node does not answer. */
export interface Dialer {
  nodeTarget(name: string): Target;
  podTarget(pod: Pod): Target;
  request(target: Target, options: DialOptions): Promise<IncomingMessage>;
  upgrade(target: Target, options: DialOptions): Promise<Upgraded | { readonly refused: IncomingMessage }>;
}
export interface DialOptions {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: NodeJS.ReadableStream;
  readonly signal: AbortSignal;
}

function nodeTarget(objects: ObjectReader, name: string): Target {
  const node = objects.get<Node>('nodes', '', name);
  if (!node) throw notFound({ plural: 'nodes', group: '' }, name);
  const addresses = node.status?.addresses ?? [];
  const address = PREFERRED_ADDRESSES.map((type) => addresses.find((a) => a.type === type)?.address).find(Boolean);
  if (!address) throw new ApiError('ServiceUnavailable', `node ${name} has no address yet`);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || DEFAULT_KUBELET_PORT;
  return { protocol: 'https:', host: address, port, tls: 'kubelet' };
}

function podTarget(objects: ObjectReader, pod: Pod): Target {
  const node = pod.spec?.nodeName;
  if (!node) throw new ApiError('BadRequest', `pod ${pod.metadata?.name} does not have a host assigned`);
  return nodeTarget(objects, node);
}

const unavailable = (target: Target, error: Error): ApiError =>
  new ApiError('ServiceUnavailable', `error dialing backend: ${error.message || (error as NodeJS.ErrnoException).code}`, {
    cause: { target, error },
  });

export function createDialer(objects: ObjectReader, credentials: () => KubeletCredentials): Dialer {
  let known: { credentials: KubeletCredentials; agent: Agent } | undefined;
  function kubeletAgent(): Agent {
    const now = credentials();
    if (known?.credentials !== now) known = { credentials: now, agent: new Agent({ ...now, keepAlive: false }) };
    return known.agent;
  }

  function open(target: Target, { method, path, headers, signal }: DialOptions) {
    const options: RequestOptions = {
      host: target.host,
      port: target.port,
      method,
      path,
      headers: { ...headers },
      signal,
      timeout: CONNECT_TIMEOUT_MS,
    };
    if (target.protocol === 'http:') return httpRequest(options);
    if (target.tls === 'kubelet') return httpsRequest({ ...options, agent: kubeletAgent() });
    return httpsRequest({ ...options, rejectUnauthorized: false });
  }

  return {
    nodeTarget: (name) => nodeTarget(objects, name),
    podTarget: (pod) => podTarget(objects, pod),
    request: (target, options) =>
      new Promise((resolve, reject) => {
        const request = open(target, options);
        request.on('error', (error) => reject(unavailable(target, error)));
        request.on('response', (response) => {
          request.setTimeout(0);
          resolve(response);
        });
        if (options.body) options.body.pipe(request);
        else request.end();
      }),
    upgrade: (target, options) =>
      new Promise((resolve, reject) => {
        const request = open(target, options);
        request.on('error', (error) => reject(unavailable(target, error)));
        request.on('response', (refused) => resolve({ refused }));
        request.on('upgrade', (response, socket, head) => {
          socket.setTimeout(0);
          if (head.length > 0) socket.unshift(head);
          resolve({ response, socket });
        });
        request.end();
      }),
  };
}
