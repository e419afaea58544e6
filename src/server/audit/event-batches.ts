import type { Clock } from '../../base/clock.ts';
import { tokenBucket } from '../../base/token-bucket.ts';
import type { AuditBackend } from './backend.ts';

export interface BatchOptions {
  /** Events that wait besides those of the batch that is being filled. */
  readonly bufferSize: number;
  /** Events in a batch, and their bytes: whichever is reached first. */
  readonly maxEvents: number;
  readonly maxBytes: number;
  /** How long a batch is filled. */
  readonly maxWaitMs: number;
  /** How many batches may go out. Absent: any number. */
  readonly throttle?: { readonly perSecond: number; readonly burst: number } | undefined;
}

/** What one batch is sent with. Resolves once it is sent or given up; does not reject. */
export type SendBatch = (events: readonly string[]) => Promise<unknown>;

/** Events that wait or are on their way; those beyond are lost rather than memory. */
const HELD_BYTES = 32 * 1024 * 1024;

/** Sends events in batches. Who is audited never waits; what comes faster than batches may go is lost (Kubernetes: "Auditing", "Event batching"). */
export class EventBatches implements Pick<AuditBackend, 'write' | 'close'> {
  readonly #options: BatchOptions;
  readonly #send: SendBatch;
  readonly #clock: Clock;
  readonly #turn: () => number;
  readonly #sending = new Set<Promise<unknown>>();
  #events: string[] = [];
  #heldBytes = 0;
  #filling: Disposable | undefined;
  /** Set while a batch that is full waits for its turn. */
  #throttled: Disposable | undefined;
  #closed = false;
  lost = 0;

  constructor(options: BatchOptions, { send, clock }: { send: SendBatch; clock: Clock }) {
    this.#options = options;
    this.#send = send;
    this.#clock = clock;
    this.#turn = options.throttle ? tokenBucket({ ...options.throttle, clock }).take : () => 0;
  }

  write(event: string): undefined {
    if (this.#closed || !this.#hasRoom(event)) {
      this.lost += 1;
      return;
    }
    this.#events.push(event);
    this.#heldBytes += event.length;
    if (this.#events.length >= this.#options.maxEvents) this.#flush();
    else this.#filling ??= this.#clock.timer(this.#options.maxWaitMs, () => this.#flush());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#throttled?.[Symbol.dispose]();
    this.#filling?.[Symbol.dispose]();
    while (this.#events.length > 0) this.#dispatch();
    await Promise.all(this.#sending);
  }

  #hasRoom(event: string): boolean {
    const { bufferSize, maxEvents } = this.#options;
    return this.#events.length < bufferSize + maxEvents && this.#heldBytes + event.length <= HELD_BYTES;
  }

  #flush(): void {
    if (this.#throttled || this.#events.length === 0) return;
    this.#filling?.[Symbol.dispose]();
    this.#filling = undefined;
    const waitMs = this.#turn();
    if (waitMs === 0) this.#sendNext();
    else this.#throttled = this.#clock.timer(waitMs, () => this.#sendNext());
  }

  #sendNext(): void {
    this.#throttled = undefined;
    this.#dispatch();
    if (this.#events.length >= this.#options.maxEvents) this.#flush();
    else if (this.#events.length > 0) this.#filling ??= this.#clock.timer(this.#options.maxWaitMs, () => this.#flush());
  }

  #dispatch(): void {
    const batch = this.#takeBatch();
    const bytes = batch.reduce((sum, event) => sum + event.length, 0);
    const sent = this.#send(batch).then(() => {
      this.#heldBytes -= bytes;
      this.#sending.delete(sent);
    });
    this.#sending.add(sent);
  }

  #takeBatch(): string[] {
    const { maxEvents, maxBytes } = this.#options;
    let bytes = 0;
    const end = this.#events.slice(0, maxEvents).findIndex((event) => {
      bytes += event.length;
      return bytes > maxBytes;
    });
    return this.#events.splice(0, end < 0 ? maxEvents : Math.max(end, 1));
  }
}
