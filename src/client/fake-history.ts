import type { KubeObject } from '../api/meta/object.ts';
import { ApiError } from '../api/meta/status.ts';
import type { WatchEvent } from '../api/transport.ts';

interface Recorded {
  readonly revision: number;
  readonly id: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** What the fake cluster's watchers see: all events by revision, which tests can hold back, forget, or cut off. */
export class FakeHistory {
  readonly #events: Recorded[] = [];
  readonly #wake = new Set<() => void>();
  #oldest = 0;
  #held = false;
  #cuts = 0;

  record(event: Recorded): void {
    this.#events.push(event);
    this.#wakeAll();
  }

  /** Watchers see nothing new until `release`: their caches go stale. */
  hold(): void {
    this.#held = true;
  }
  release(): void {
    this.#held = false;
    this.#wakeAll();
  }
  /** Watches end, as when a server restarts; resuming from before `revision` then answers 410. */
  forget(revision: number): void {
    this.#oldest = revision;
    this.cut();
  }
  /** Ends the watches under way; resuming works. */
  cut(): void {
    this.#cuts += 1;
    this.#wakeAll();
  }

  async *watch(
    id: string,
    options: { from: number; matches: (object: KubeObject) => boolean; signal: AbortSignal },
  ): AsyncIterable<WatchEvent> {
    if (options.from < this.#oldest) throw new ApiError('Expired', `too old resource version: ${options.from} (${this.#oldest})`);
    const cuts = this.#cuts;
    let next = this.#events.findIndex((event) => event.revision > options.from);
    if (next < 0) next = this.#events.length;
    while (!options.signal.aborted && cuts === this.#cuts) {
      const event = this.#held ? undefined : this.#events[next];
      if (!event) {
        await this.#woken(options.signal);
        continue;
      }
      next += 1;
      const shown = event.id === id ? retype(event, options.matches) : undefined;
      if (shown) yield shown;
    }
  }

  async #woken(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake);
        this.#wake.delete(wake);
        resolve();
      };
      this.#wake.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }
}

/** A change that moves an object into or out of a selector is an addition or deletion for that watcher. */
function retype({ type, object, previous }: Recorded, matches: (object: KubeObject) => boolean): WatchEvent | undefined {
  const was = previous !== undefined && matches(previous);
  const is = type !== 'DELETED' && matches(object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object } : undefined;
}
