import type { Clock } from '../../base/clock.ts';
import type { Outbound, OutboundEndpoint } from './outbound.ts';
import { OutboundError } from './outbound-error.ts';
import { retried } from './retry.ts';

const TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 500;

/** A webhook that is overloaded, failed inside or cut the connection may answer the next time (apiserver, util/webhook). */
function mayRetry(error: unknown): boolean {
  if (!(error instanceof OutboundError)) return false;
  if (error.reason === 'Unreachable') return /connection reset by peer|EOF/.test(error.message);
  const code = error.status?.code ?? 0;
  return code === 429 || code === 500 || code === 504;
}

/**
 * Sends a TokenReview, SubjectAccessReview or ImageReview and answers with what came back, asking again as upstream does. It belongs to nobody's request: others may wait for
 * the same answer. Rejects with OutboundError.
 */
export async function askReview(
  outbound: Outbound,
  endpoint: OutboundEndpoint,
  review: object,
  {
    clock,
    timeoutMs = TIMEOUT_MS,
    firstPauseMs = FIRST_PAUSE_MS,
  }: { readonly clock: Clock; readonly timeoutMs?: number | undefined; readonly firstPauseMs?: number },
): Promise<object> {
  const { signal } = new AbortController();
  const ask = async () => objectOf(await outbound.postJson(endpoint, { body: review, timeoutMs, signal }));
  return retried(ask, { firstPauseMs, mayRetry, clock, signal });
}

function objectOf(value: unknown): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new OutboundError('Undecodable', 'the webhook did not answer with an object');
}
