import type { ResourceDefinition } from '../../api/define.ts';
import { serviceAccounts } from '../../api/index.ts';
import type { AuthenticationV1TokenRequest, Pod } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { SharedCalls } from '../../base/shared-calls.ts';
import type { Client } from '../../client/client.ts';

export interface TokenWish {
  /** Empty: the API server's own. */
  audience: string;
  expirationSeconds: number;
}

/** Tokens of a pod's service account that die with the pod (KEP-1205). Kept until they are due for rotation. */
export interface ServiceAccountTokenSource {
  token(pod: Pod, wish: TokenWish, options: { signal: AbortSignal }): Promise<string>;
  forget(podUid: string): void;
}

interface KeptToken {
  token: string;
  renewAtMs: number;
}

/** As the kubelet: a token is replaced when 80 % of its life or a day has gone. */
const LIFE_USED = 0.8;
const OLDEST_MS = 24 * 3600 * 1000;
const JITTER_MS = 10_000;

export function createServiceAccountTokens(deps: { client: Client; clock: Clock; random: Random }): ServiceAccountTokenSource {
  const { client, clock, random } = deps;
  const kept = new Map<string, Map<string, KeptToken>>();
  const calls = new SharedCalls<string>();

  async function request(pod: Pod, wish: TokenWish, signal: AbortSignal): Promise<KeptToken> {
    const { name = '', uid = '', namespace = '' } = pod.metadata ?? {};
    const body: AuthenticationV1TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: pod.spec?.serviceAccountName || 'default', namespace },
      spec: {
        audiences: wish.audience ? [wish.audience] : [],
        expirationSeconds: wish.expirationSeconds,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
      },
    };
    const askedAtMs = clock.now();
    // The subresource takes and answers another kind than its parent's.
    const resource = serviceAccounts as unknown as ResourceDefinition<AuthenticationV1TokenRequest>;
    const { status } = await client.create(resource, body, { namespace, subresource: 'token', signal });
    if (!status?.token || !status.expirationTimestamp) throw new Error('the API server answered a token request without a token');
    const lifeMs = Date.parse(status.expirationTimestamp) - askedAtMs;
    return { token: status.token, renewAtMs: askedAtMs + Math.min(lifeMs * LIFE_USED, OLDEST_MS) - random() * JITTER_MS };
  }

  return {
    async token(pod, wish, { signal }) {
      const uid = pod.metadata?.uid ?? '';
      const key = `${wish.expirationSeconds} ${wish.audience}`;
      const known = kept.get(uid)?.get(key);
      if (known && clock.now() < known.renewAtMs) return known.token;
      return calls.run(`${uid} ${key}`, { signal }, async (shared) => {
        const fresh = await request(pod, wish, shared.signal);
        const ofPod = kept.get(uid) ?? new Map<string, KeptToken>();
        kept.set(uid, ofPod.set(key, fresh));
        return fresh.token;
      });
    },
    forget(podUid) {
      kept.delete(podUid);
    },
  };
}
