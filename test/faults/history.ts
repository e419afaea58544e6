import type { KubeObject } from '../../src/api/meta/object.ts';
import type { Pod } from '../../src/api/schema/generated/types.ts';
import type { Clock } from '../../src/base/clock.ts';
import { isActive, isReady, ownerOf } from './pod-facts.ts';
import type { Truth, Write } from './truth.ts';

/**
 * How far behind the components' views may be, with all that is under way: a reconcile that began with a view of then, and acts now. What was so at any time within it
 * is what a component may have believed.
 */
const BELIEF_MS = 60_000;

/** One pod's life, by uid. Times are monotonic milliseconds. */
export interface Life {
  pod: Pod;
  readyAtMs: number;
  unreadyAtMs: number;
  activeAtMs: number;
  /** Who ended it, of his own free will or not. */
  endedBy: string | undefined;
}

/** A change of `spec.replicas`. Times are monotonic milliseconds. */
export interface Resize {
  readonly by: string;
  readonly from: number;
  readonly to: number;
  readonly atMs: number;
}

/** Who takes pods away because he wants fewer of them, or others; all else befalls a pod, and no controller can be blamed for it. */
const DECIDERS: ReadonlySet<string> = new Set(['replicaset', 'statefulset', 'daemonset', 'job', 'deployment']);

/** What was so lately. */
export class History {
  readonly #clock: Clock;
  readonly #lives = new Map<string, Life>();
  readonly #specs = new Map<string, { readonly untilMs: number; readonly object: KubeObject }[]>();
  readonly #made = new Map<string, number>();
  readonly #late: { readonly what: string; readonly atMs: number }[] = [];
  readonly #lost: { readonly what: string; readonly atMs: number }[] = [];
  readonly #resizes = new Map<string, Resize[]>();
  #startedAtMs = -Infinity;

  constructor(truth: Truth, clock: Clock) {
    this.#clock = clock;
    truth.onWrite((write) => this.#note(write));
  }

  life(uid: string | undefined): Life | undefined {
    return this.#lives.get(uid ?? '');
  }

  get lives(): Iterable<Life> {
    return this.#lives.values();
  }

  ownedBy(uid: string | undefined): Life[] {
    return [...this.#lives.values()].filter(({ pod }) => ownerOf(pod)?.uid === uid);
  }

  /** Would somebody with an old view still count on this pod, not having taken it away himself? */
  isBelieved(life: Life, what: 'ready' | 'active'): boolean {
    if (life.endedBy !== undefined && DECIDERS.has(life.endedBy)) return false;
    return (
      this.#isRecent(what === 'ready' ? life.readyAtMs : life.activeAtMs) ||
      (isActive(life.pod) && (what === 'active' || isReady(life.pod)))
    );
  }

  /** May somebody with an old view think that it is down anyway, so that it costs nothing to take it away? */
  isThoughtDown = (uid: string | undefined): boolean => this.#isRecent(this.life(uid)?.unreadyAtMs ?? -Infinity);

  /** The object as it is and as it was lately, where its spec differs. */
  recent<T extends KubeObject>(resource: string, now: T): readonly T[] {
    const past = this.#specs.get(`${resource} ${now.metadata?.uid}`) ?? [];
    return [...past.filter(({ untilMs }) => this.#isRecent(untilMs)).map(({ object }) => object as T), now];
  }

  /** A write that will be carried out although its author was told that it failed. */
  late(actor: string, what: string): void {
    this.#late.push({ what: `${actor} ${what}`, atMs: this.#clock.monotonic() });
  }

  /** How many such writes there were lately. */
  lates(actor: string, what: string): number {
    return this.#late.filter((late) => late.what === `${actor} ${what}` && this.#isRecent(late.atMs)).length;
  }

  /** A write that is carried out although its author is told that it failed. */
  lost(actor: string, what: string): void {
    this.#lost.push({ what: `${actor} ${what}`, atMs: this.#clock.monotonic() });
  }

  /** How many writes there were lately of which their author does not know, or not yet. */
  unknown(actor: string, what: string, withinMs = BELIEF_MS): number {
    const sinceMs = this.#clock.monotonic() - withinMs;
    return [...this.#late, ...this.#lost].filter(({ what: done, atMs }) => done === `${actor} ${what}` && atMs >= sinceMs).length;
  }

  /** Controllers and scheduler begin anew; what they did not write down is forgotten. */
  started(): void {
    this.#startedAtMs = this.#clock.monotonic();
  }

  /** For how long they have been running. */
  get memoryMs(): number {
    return this.#clock.monotonic() - this.#startedAtMs;
  }

  /** How the object's `spec.replicas` changed in the last so many milliseconds, this moment's change as well. */
  resizes(resource: string, key: string, withinMs: number): readonly Resize[] {
    const sinceMs = this.#clock.monotonic() - withinMs;
    return (this.#resizes.get(`${resource} ${key}`) ?? []).filter(({ atMs }) => atMs > sinceMs);
  }

  /** How often an object of this name was made for this owner. */
  timesMade(resource: string, owner: string, name: string): number {
    return this.#made.get(`${resource} ${owner} ${name}`) ?? 0;
  }

  #isRecent = (atMs: number) => this.#clock.monotonic() - atMs <= BELIEF_MS;

  #note({ resource, key, before, after, by }: Write): void {
    const [from, to] = [replicasOf(before), replicasOf(after)];
    if (from !== undefined && to !== undefined && from !== to) {
      const past = this.#resizes.get(`${resource} ${key}`) ?? [];
      past.push({ by, from, to, atMs: this.#clock.monotonic() });
      this.#resizes.set(`${resource} ${key}`, past);
    }
    if (!before && after) {
      const what = `${resource} ${ownerOf(after)?.uid} ${after.metadata?.name}`;
      this.#made.set(what, (this.#made.get(what) ?? 0) + 1);
    }
    if (resource === 'pods') this.#notePod(before as Pod | undefined, after as Pod | undefined, by);
    else if (before && JSON.stringify(specOf(before)) !== JSON.stringify(after && specOf(after))) {
      const key = `${resource} ${before.metadata?.uid}`;
      const past = this.#specs.get(key) ?? [];
      past.push({ untilMs: this.#clock.monotonic(), object: before });
      this.#specs.set(key, past);
    }
  }

  #notePod(before: Pod | undefined, after: Pod | undefined, by: string): void {
    const pod = after ?? before;
    const uid = pod?.metadata?.uid ?? '';
    if (!pod) return;
    const life = this.#lives.get(uid) ?? { pod, readyAtMs: -Infinity, unreadyAtMs: -Infinity, activeAtMs: -Infinity, endedBy: undefined };
    this.#lives.set(uid, life);
    const nowMs = this.#clock.monotonic();
    // What ends with this write was so until now.
    for (const state of [before, after]) {
      if (!state || !isActive(state)) continue;
      life.activeAtMs = nowMs;
      if (isReady(state)) life.readyAtMs = nowMs;
      else life.unreadyAtMs = nowMs;
    }
    const isActiveNow = after !== undefined && isActive(after);
    if (before && isActive(before) && !isActiveNow) life.endedBy = by;
    life.pod = pod;
  }
}

const replicasOf = (object: KubeObject | undefined) => (object as { spec?: { replicas?: number } } | undefined)?.spec?.replicas;
const specOf = (object: KubeObject) => (object as { spec?: unknown }).spec;
