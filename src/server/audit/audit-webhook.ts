import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Random } from '../../base/random.ts';
import type { Outbound, OutboundEndpoint } from '../outbound/outbound.ts';
import { retried } from '../outbound/retry.ts';
import { type AuditBackend, type AuditMode, EVENT_HEAD } from './backend.ts';
import { type BatchOptions, EventBatches } from './event-batches.ts';

export interface AuditWebhookOptions {
  readonly endpoint: OutboundEndpoint;
  readonly mode: AuditMode;
  /** Of the mode `batch`. */
  readonly batch: BatchOptions;
  /** Before the first of four further tries. */
  readonly initialBackoffMs: number;
  readonly outbound: Pick<Outbound, 'postText'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

const TIMEOUT_MS = 30_000;

/** Sends audit events to a server elsewhere, as EventLists of audit.k8s.io/v1 (Kubernetes: "Auditing", "Webhook backend"). */
export function auditWebhook({ endpoint, mode, batch, initialBackoffMs, outbound, clock, random, log }: AuditWebhookOptions): AuditBackend {
  const closing = new AbortController();
  const { signal } = new AbortController();
  let failed = 0;
  /** Resolves to whether they arrived. A receiver that refuses is asked again as well: it may be mended in the meantime. */
  const send = async (events: readonly string[]): Promise<boolean> => {
    const body = eventList(events);
    const post = () => outbound.postText(endpoint, { body, timeoutMs: TIMEOUT_MS, signal });
    try {
      await retried(post, { firstPauseMs: initialBackoffMs, mayRetry: () => true, random, clock, signal: closing.signal });
      return true;
    } catch (error) {
      failed += events.length;
      log.error({ error: error instanceof Error ? error.message : String(error), events: events.length }, 'audit events were not sent');
      return false;
    }
  };
  if (mode === 'batch') {
    const batches = new EventBatches(batch, { send, clock });
    return {
      blocks: false,
      write: (event) => batches.write(event),
      get errors() {
        return { webhook: failed, buffered: batches.lost };
      },
      close() {
        closing.abort();
        return batches.close();
      },
    };
  }
  const strict = mode === 'blocking-strict';
  return {
    blocks: true,
    write: async (event) => (await send([event])) || !strict,
    get errors() {
      return { webhook: failed };
    },
    close: async () => closing.abort(),
  };
}

/** Items of a list do not say what they are. */
const eventList = (events: readonly string[]): string =>
  `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.map((event) => `{${event.slice(EVENT_HEAD.length)}`).join(',')}]}`;
