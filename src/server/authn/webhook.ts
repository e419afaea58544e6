import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TokenReview } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import { askReview } from '../outbound/review-call.ts';
import type { UserInfo } from '../ports.ts';
import { MAX_TOKEN_BYTES } from './service-account-token.ts';
import type { TokenSource, TokenVerdict } from './token-source.ts';

export type ReviewVersion = 'v1' | 'v1beta1';

export interface WebhookAuthentication {
  readonly endpoint: OutboundEndpoint;
  /** Of TokenReview. */
  readonly version: ReviewVersion;
  /** How long an answer is believed. */
  readonly cacheMs: number;
}

const CACHED_ANSWERS = 4096;

type Answer = NonNullable<TokenReview['status']>;

/** Asks a TokenReview webhook whom a token stands for. (Kubernetes: Authenticating, "Webhook Token Authentication".) */
export function webhookSource(
  { endpoint, version, cacheMs }: WebhookAuthentication,
  { outbound, apiAudiences, clock, log }: { outbound: Outbound; apiAudiences: readonly string[]; clock: Clock; log: Logger },
): TokenSource {
  const answers = new LRUCache<string, Answer>({
    max: CACHED_ANSWERS,
    ttl: Math.max(cacheMs, 1),
    ttlResolution: 0,
    perf: { now: () => clock.now() },
  });
  const asking = new Map<string, Promise<Answer>>();
  const ask = async (token: string, audiences: readonly string[]): Promise<Answer> => {
    const review = { apiVersion: `authentication.k8s.io/${version}`, kind: 'TokenReview', metadata: {}, spec: { token, audiences } };
    return ((await askReview(outbound, endpoint, review, { clock })) as TokenReview).status ?? {};
  };
  /** Requests with the same token that come while the webhook is asked share its answer. */
  const shared = async (key: string, token: string, audiences: readonly string[]): Promise<Answer> => {
    const pending = asking.get(key) ?? ask(token, audiences).finally(() => asking.delete(key));
    asking.set(key, pending);
    const answer = await pending;
    if (cacheMs > 0) answers.set(key, answer);
    return answer;
  };
  return async (token, asked): Promise<TokenVerdict> => {
    if (token.length > MAX_TOKEN_BYTES) return undefined;
    const key = createHash('sha256')
      .update(JSON.stringify([token, asked]))
      .digest('base64');
    try {
      return verdictOf(answers.get(key) ?? (await shared(key, token, asked)), asked, apiAudiences);
    } catch (error) {
      log.error({ error }, 'the webhook for tokens does not answer');
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };
}

function verdictOf(
  { authenticated, user, audiences: named, error }: Answer,
  asked: readonly string[],
  apiAudiences: readonly string[],
): TokenVerdict {
  const audiences = (named?.length ? named : apiAudiences).filter((audience) => asked.includes(audience));
  if (audiences.length === 0) return undefined;
  if (!authenticated) return error ? { error } : undefined;
  const found: UserInfo = {
    name: user?.username ?? '',
    groups: user?.groups ?? [],
    ...(user?.uid && { uid: user.uid }),
    ...(user?.extra && { extra: user.extra }),
  };
  return { user: found, audiences };
}
