import type { Event } from '../api/schema/generated/types.ts';

/** What a component wants to tell about an object. */
export interface Occurrence {
  readonly about: NonNullable<Event['involvedObject']>;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** `drop`: too many about this object. `create`: a new Event. `bump`: the same again; patch count and lastTimestamp of the known Event. */
export type Correlation =
  | { readonly do: 'drop' }
  | { readonly do: 'create'; readonly key: string; readonly message: string }
  | { readonly do: 'bump'; readonly key: string; readonly message: string; readonly name: string; readonly count: number };

/** client-go, tools/record, EventCorrelator: the same defaults. */
const BURST = 25;
const REFILL_MS = 300_000;
const SIMILAR_EVENTS = 10;
const SIMILAR_WINDOW_MS = 600_000;
const REMEMBERED = 4096;

const objectOf = ({ about }: Occurrence) =>
  [about.kind, about.namespace, about.name, about.uid, about.apiVersion, about.fieldPath].join('/');

/** A map that forgets what was used longest ago. */
class Recent<V> {
  readonly #map = new Map<string, V>();
  get(key: string): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }
  set(key: string, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    for (const [oldest] of this.#map) {
      if (this.#map.size <= REMEMBERED) break;
      this.#map.delete(oldest);
    }
  }
}

/** Keeps a crashing pod from flooding the API: repeats are counted, similar ones combined, and each object has a budget. */
export class EventCorrelator {
  readonly #budgets = new Recent<{ tokens: number; atMs: number }>();
  readonly #similar = new Recent<{ messages: Set<string>; atMs: number }>();
  readonly #known = new Recent<{ name: string; count: number }>();

  correlate(occurrence: Occurrence, nowMs: number): Correlation {
    const object = objectOf(occurrence);
    const group = [object, occurrence.type, occurrence.reason].join('|');
    const isCombined = this.#isOneOfMany(group, occurrence.message, nowMs);
    if (!this.#spend(object, nowMs)) return { do: 'drop' };
    const message = isCombined ? `(combined from similar events): ${occurrence.message}` : occurrence.message;
    const key = isCombined ? group : `${group}|${occurrence.message}`;
    const known = this.#known.get(key);
    return known ? { do: 'bump', key, message, name: known.name, count: known.count + 1 } : { do: 'create', key, message };
  }

  /** The Event is stored under this name with this count: later ones bump it. */
  stored(key: string, name: string, count: number): void {
    this.#known.set(key, { name, count });
  }

  #spend(object: string, nowMs: number): boolean {
    const budget = this.#budgets.get(object) ?? { tokens: BURST, atMs: nowMs };
    const tokens = Math.min(BURST, budget.tokens + (nowMs - budget.atMs) / REFILL_MS);
    this.#budgets.set(object, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: nowMs });
    return tokens >= 1;
  }

  #isOneOfMany(group: string, message: string, nowMs: number): boolean {
    let similar = this.#similar.get(group);
    if (!similar || nowMs - similar.atMs > SIMILAR_WINDOW_MS) similar = { messages: new Set(), atMs: nowMs };
    similar.atMs = nowMs;
    if (similar.messages.size < SIMILAR_EVENTS) similar.messages.add(message);
    this.#similar.set(group, similar);
    return similar.messages.size >= SIMILAR_EVENTS;
  }
}
