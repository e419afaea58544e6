import type { IncomingMessage } from 'node:http';
import { Agent } from 'node:https';
import { isIP } from 'node:net';
import { ApiError, notFound } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { type Peer, type SendOptions, send, sendUpgrade, type UpgradeResult } from '../outbound/connection.ts';
import type { ObjectReader } from '../ports.ts';

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

/** Opens connections from the server to its agents. Rejects with ApiError: ServiceUnavailable when the node does not answer. */
export interface Dialer {
  nodeTarget(name: string): Target;
  podTarget(pod: Pod): Target;
  request(target: Target, options: SendOptions): Promise<IncomingMessage>;
  upgrade(target: Target, options: SendOptions): Promise<UpgradeResult>;
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

  function peerOf({ protocol, host, port, tls }: Target): Peer {
    if (protocol === 'http:') return { protocol, host, port };
    if (tls === 'kubelet') return { protocol, host, port, agent: kubeletAgent() };
    // Else the Host header would be taken for the name.
    return { protocol, host, port, tls: { verify: false, serverName: isIP(host) ? '' : host } };
  }
  const reaching = <T>(target: Target, work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      throw unavailable(target, error);
    });

  return {
    nodeTarget: (name) => nodeTarget(objects, name),
    podTarget: (pod) => podTarget(objects, pod),
    request: (target, options) => reaching(target, send(peerOf(target), options)),
    upgrade: (target, options) => reaching(target, sendUpgrade(peerOf(target), options)),
  };
}
