import type { KubeObject } from '../api/meta/object.ts';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Component } from '../base/component.ts';
import { letOthersRun } from '../base/event-loop.ts';
import type { Logger } from '../base/logger.ts';
import { isStoreConflict, isStoreExpired, isTooSlow, isUnreadable } from '../store/store.ts';
import type { Cached, Collection, CollectionEvent } from '../store/watch-cache/collection.ts';
import { nextEvents } from '../store/watch-cache/next-events.ts';

export interface EventExpiryOptions {
  /** Of Events. */
  readonly collection: Collection<KubeObject>;
  /** How long an Event stays after it was last written. */
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Written {
  readonly revision: number;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** Events live so much longer than they need to, as upstream's do, which share a lease of the store for a minute. */
const CHECK_MS = 30_000;
/** Of the Events that there are at the start, read in one turn of the event loop. */
const READ_AT_ONCE = 100;

/** Events go some time after they were last written, whoever wrote them, finalizers or not. Source: kube-apiserver, --event-ttl; upstream's store lets their keys expire. */
export const eventExpiry = (options: EventExpiryOptions): Component => ({
  name: 'expiry of events',
  run: (run) => new EventExpiry(options).run(run),
});

class EventExpiry {
  readonly #options: EventExpiryOptions;
  /** By key; what was written longest ago comes first. */
  #written = new Map<string, Written>();

  constructor(options: EventExpiryOptions) {
    this.#options = options;
  }

  async run({ signal, ready }: { signal: AbortSignal; ready: () => void }): Promise<void> {
    ready();
    await Promise.all([this.#follow(signal), this.#expire(signal)]);
  }

  /** Begins anew when too much came at once, or the store lost its history. Unlike ObjectReader.onChange this reads no object: there are thousands of them in a burst. */
  async #follow(signal: AbortSignal): Promise<void> {
    const { collection } = this.#options;
    while (!signal.aborted) {
      using watcher = collection.watch({ fromRevision: collection.revision });
      const end = () => watcher[Symbol.dispose]();
      signal.addEventListener('abort', end, { once: true });
      try {
        await this.#load();
        for (let events = await nextEvents(watcher); events; events = await nextEvents(watcher))
          for (const event of events) this.#note(event);
      } catch (error) {
        if (!isTooSlow(error) && !isStoreExpired(error)) throw error;
      } finally {
        signal.removeEventListener('abort', end);
      }
    }
  }

  async #load(): Promise<void> {
    const { collection, clock } = this.#options;
    const known = this.#written;
    const found: [string, Written][] = [];
    for (const [i, item] of collection.list().items.entries()) {
      if (i % READ_AT_ONCE === READ_AT_ONCE - 1) await letOthersRun();
      const before = known.get(item.key);
      const isKnown = before?.revision === item.revision;
      found.push([item.key, isKnown ? before : { revision: item.revision, atMs: clock.monotonic() - ageMs(item, clock.now()) }]);
    }
    this.#written = new Map(found.sort(([, a], [, b]) => a.atMs - b.atMs));
  }

  #note({ type, item }: CollectionEvent<KubeObject>): void {
    this.#written.delete(item.key);
    if (type !== 'DELETED') this.#written.set(item.key, { revision: item.revision, atMs: this.#options.clock.monotonic() });
  }

  async #expire(signal: AbortSignal): Promise<void> {
    const { ttlMs, clock, log } = this.#options;
    while (!signal.aborted) {
      try {
        await clock.sleep(Math.min(CHECK_MS, ttlMs / 2), { signal });
        await this.#removeOld(clock.monotonic() - ttlMs);
      } catch (error) {
        if (isAbort(error, signal)) return;
        log.warn({ error: error instanceof Error ? error.message : String(error) }, 'old events could not be removed, will retry');
      }
    }
  }

  async #removeOld(beforeMs: number): Promise<void> {
    for (const [key, { revision, atMs }] of this.#written) {
      if (atMs > beforeMs) return;
      try {
        await this.#options.collection.delete(key, { expected: revision });
      } catch (error) {
        // It was written or deleted meanwhile: that is being told.
        if (!isStoreConflict(error)) throw error;
      }
      if (this.#written.get(key)?.revision === revision) this.#written.delete(key);
    }
  }
}

/** Whoever writes an object leaves the time in its managedFields. What cannot be read counts as new. */
function ageMs(item: Cached<KubeObject>, nowMs: number): number {
  try {
    const { metadata = {} } = item.object;
    const times = [metadata.creationTimestamp, ...(metadata.managedFields ?? []).map(({ time }) => time)].map((time) =>
      Date.parse(time ?? ''),
    );
    const writtenMs = Math.max(...times.filter((ms) => !Number.isNaN(ms)));
    return Number.isFinite(writtenMs) ? Math.max(nowMs - writtenMs, 0) : 0;
  } catch (error) {
    if (isUnreadable(error)) return 0;
    throw error;
  }
}
