import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { tokenReviews } from '../../api/authentication/token-review.ts';
import { subjectAccessReviews } from '../../api/authorization/subject-access-review.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { HttpError } from './http-error.ts';
import { type KubeletAttributes, kubeletAttributes } from './kubelet-access-plan.ts';

/** Who may use the kubelet's API. */
export interface KubeletAccess {
  /** Rejects with HttpError: 401 for nobody known, 403 for somebody who may not. */
  check(raw: IncomingMessage, path: string, options: { signal: AbortSignal }): Promise<void>;
}

export interface KubeletAccessOptions {
  readonly nodeName: string;
  /** Common names of client certificates that may do everything: the API server's own. */
  readonly trusted: ReadonlySet<string>;
  readonly client: () => Client;
  readonly clock: Clock;
}

interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Record<string, string[]>;
}

/** The kubelet's defaults (KubeletConfiguration: authentication.webhook, authorization.webhook). */
const TOKEN_MS = 120_000;
const ALLOWED_MS = 300_000;
const REFUSED_MS = 30_000;
const REMEMBERED = 1024;

/**
 * Certificates of the cluster's CA and bearer tokens say who asks; the API server says whether a token is good and what its owner may do. Nobody is
 * anonymous. Source: Kubernetes, "Kubelet authentication/authorization".
 */
export function kubeletAccess({ nodeName, trusted, client, clock }: KubeletAccessOptions): KubeletAccess {
  const perf = { now: () => clock.now() };
  const users = new LRUCache<string, User>({ max: REMEMBERED, ttl: TOKEN_MS, ttlResolution: 0, perf });
  const decisions = new LRUCache<string, { allowed: boolean }>({ max: REMEMBERED, ttl: ALLOWED_MS, ttlResolution: 0, perf });

  async function byToken(token: string, signal: AbortSignal): Promise<User> {
    const key = createHash('sha256').update(token).digest('base64');
    const known = users.get(key);
    if (known) return known;
    const { status } = await client().create(tokenReviews, { spec: { token } }, { signal });
    if (!status?.authenticated || !status.user?.username) throw new HttpError(401, 'Unauthorized');
    const { username, groups = [], uid, extra } = status.user;
    const user = { name: username, groups, ...(uid && { uid }), ...(extra && { extra }) };
    users.set(key, user);
    return user;
  }

  async function mayDo(user: User, verb: string, subresource: string, signal: AbortSignal): Promise<boolean> {
    const key = JSON.stringify([user, verb, subresource]);
    const known = decisions.get(key);
    if (known) return known.allowed;
    const { name, groups, uid, extra } = user;
    const resourceAttributes = { verb, group: '', version: 'v1', resource: 'nodes', subresource, name: nodeName };
    const spec = { user: name, groups: [...groups], ...(uid && { uid }), ...(extra && { extra }), resourceAttributes };
    const { status } = await client().create(subjectAccessReviews, { spec }, { signal });
    const allowed = status?.allowed === true;
    decisions.set(key, { allowed }, { ttl: allowed ? ALLOWED_MS : REFUSED_MS });
    return allowed;
  }

  async function authorize(user: User, { verb, subresources }: KubeletAttributes, signal: AbortSignal): Promise<void> {
    for (const subresource of subresources) if (await mayDo(user, verb, subresource, signal)) return;
    const asked = `user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
    throw new HttpError(403, `Forbidden (${asked})`);
  }

  return {
    async check(raw, path, { signal }) {
      const attributes = kubeletAttributes(raw.method ?? 'GET', path);
      const certified = byCertificate(raw.socket as TLSSocket);
      if (certified) return trusted.has(certified.name) ? undefined : authorize(certified, attributes, signal);
      const token = /^Bearer +(\S+)$/i.exec(raw.headers.authorization ?? '')?.[1];
      if (token === undefined) throw new HttpError(401, 'Unauthorized');
      await authorize(await byToken(token, signal), attributes, signal);
    },
  };
}

function byCertificate(socket: TLSSocket): User | undefined {
  if (!socket.authorized) return undefined;
  const { CN, O = [] } = socket.getPeerCertificate().subject ?? {};
  return CN ? { name: String(CN), groups: [...[O].flat(), 'system:authenticated'] } : undefined;
}
