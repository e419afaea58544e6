import type { Pod } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { ClusterEvent } from '../framework/cluster-event.ts';
import type { Queued } from '../framework/plugin.ts';
import type { Refusal } from '../framework/refusal.ts';
import { eventName, QUEUE_EVENTS, type SchedulerMetrics, type WaitingPlace } from '../scheduler-metrics.ts';
import { Heap } from './heap.ts';
import type { QueuedPod } from './queued-pod.ts';
import { WaitingRoom } from './waiting-room.ts';

/** Unschedulable pods are looked at again even when nothing happened (upstream: podMaxInUnschedulablePodsDuration). */
const MAX_UNSCHEDULABLE_MS = 5 * 60_000;

export interface QueueOptions {
  readonly clock: Clock;
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly sort: (a: Queued, b: Queued) => number;
  /** The first refusal of the plugins' preEnqueue, by the pod's profile. */
  readonly preEnqueue: (pod: Pod) => Refusal | undefined;
  /** The plugins, of all profiles, that wait for such an event. */
  readonly interested: (event: ClusterEvent) => readonly string[];
  /** May the event make this plugin take the pod? */
  readonly isHelpful: (plugin: string, pod: Pod, event: ClusterEvent) => boolean;
  /** Told where a pod waits from now on, and why. */
  readonly onIncoming?: SchedulerMetrics['incoming'];
}

/**
 * Pods that wait for a node. Active ones are next, in the order of queueSort. One that found no node waits for an event that may help the plugins which
 * refused it (KEP-4247), and then no shorter than its back-off; when nothing else is active it need not wait for the rest of that. One that failed by an
 * error waits for its back-off alone.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #all = new Map<string, QueuedPod>();
  readonly #active: Heap<QueuedPod>;
  readonly #backoff: Heap<QueuedPod>;
  readonly #waiting = new WaitingRoom();
  #serial = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#active = new Heap<QueuedPod>(options.sort);
    this.#backoff = new Heap((a, b) => this.#backoffEndsAt(a) - this.#backoffEndsAt(b) || a.serial - b.serial);
  }

  get size(): number {
    return this.#all.size;
  }
  /** How many wait where. */
  get pending(): Readonly<Record<WaitingPlace, number>> {
    const { gated } = this.#waiting;
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#waiting.size - gated, gated };
  }

  /** How many pods wait that each plugin refused, by schedulerName. */
  refusals(): { plugin: string; profile: string; pods: number }[] {
    return this.#waiting.counts();
  }

  placeOf(key: string): QueuedPod['place'] | undefined {
    return this.#all.get(key)?.place;
  }

  /** A pod that nobody knows yet. */
  add(info: PodInfo): void {
    if (this.#all.has(info.key)) return;
    const pod: QueuedPod = {
      info,
      sinceMs: this.#options.clock.monotonic(),
      serial: this.#serial++,
      place: 'taken',
      attempts: 0,
      firstAttemptMs: undefined,
      refusals: 0,
      errors: 0,
      refusedBy: new Set(),
      pending: false,
      gatedBy: undefined,
    };
    this.#all.set(info.key, pod);
    this.#activate(pod, QUEUE_EVENTS.added);
  }

  /** A newer state of a pod. `event`: what changed that plugins may wait for. */
  update(info: PodInfo, event: ClusterEvent | undefined): void {
    const known = this.#all.get(info.key);
    if (!known) {
      this.add(info);
      return;
    }
    // The heap's order depends on the pod.
    const isActive = this.#active.delete(known);
    known.info = info;
    if (isActive) this.#active.push(known);
    else if (known.place === 'gated') this.#activate(known, QUEUE_EVENTS.updated);
    else if (event && known.place === 'unschedulable' && this.#mayHelp(known, event)) this.#leaveWaiting(known, eventName(event));
  }

  /** The pod is gone, has a node, or is no business of ours any more. */
  delete(key: string): void {
    const known = this.#all.get(key);
    if (!known) return;
    this.#all.delete(key);
    this.#withdraw(known);
  }

  /** The next pod, until `done`, `refused` or `failed` is called for it; undefined when none is due. */
  pop(): QueuedPod | undefined {
    this.#flush();
    const next = this.#active.pop() ?? this.#earlyFromBackoff();
    if (!next) return undefined;
    next.place = 'taken';
    next.attempts += 1;
    next.firstAttemptMs ??= this.#options.clock.monotonic();
    return next;
  }

  /** The pod has its node. */
  done(pod: QueuedPod): void {
    if (this.#all.get(pod.info.key) === pod) this.#all.delete(pod.info.key);
  }

  /** No node would do. */
  refused(pod: QueuedPod, plugins: ReadonlySet<string>, { pending }: { pending: boolean }): void {
    // Nobody could say which event would help.
    if (plugins.size === 0) {
      this.failed(pod);
      return;
    }
    if (this.#all.get(pod.info.key) !== pod) return;
    Object.assign(pod, { refusedBy: plugins, pending, refusals: pod.refusals + 1, errors: 0, sinceMs: this.#options.clock.monotonic() });
    pod.place = 'unschedulable';
    this.#waiting.add(pod);
    this.#options.onIncoming?.('unschedulable', QUEUE_EVENTS.failed);
  }

  /** Something went wrong that was not the pod's fault: the back-off alone is enough. */
  failed(pod: QueuedPod): void {
    if (this.#all.get(pod.info.key) !== pod) return;
    Object.assign(pod, { refusedBy: new Set(), pending: false, errors: pod.errors + 1, sinceMs: this.#options.clock.monotonic() });
    this.#intoBackoff(pod, QUEUE_EVENTS.failed);
  }

  /** Something happened: the pods that it may help leave the unschedulable ones. */
  move(event: ClusterEvent): void {
    if (this.#waiting.size === 0) return;
    const why = eventName(event);
    for (const plugin of this.#options.interested(event)) {
      for (const pod of this.#waiting.refusedBy(plugin)) {
        if (!this.#options.isHelpful(plugin, pod.info.pod, event)) continue;
        if (pod.place === 'gated') this.#activate(pod, why);
        else this.#leaveWaiting(pod, why);
      }
    }
  }

  /** Due at once, whatever it waits for. */
  activate(key: string): void {
    const pod = this.#all.get(key);
    if (pod && pod.place !== 'taken' && pod.place !== 'active') this.#activate(pod, QUEUE_EVENTS.forced);
  }

  /** What kept a gated pod out may be over. */
  recheckGate(key: string): void {
    const pod = this.#all.get(key);
    if (pod?.place === 'gated') this.#activate(pod, QUEUE_EVENTS.forced);
  }

  /** Milliseconds until something is due; undefined when nothing is. */
  nextDueMs(): number | undefined {
    const now = this.#options.clock.monotonic();
    if (this.#active.size > 0 || this.#earliestUnschedulable() <= now) return 0;
    const first = this.#backoff.peek();
    if (first && first.errors === 0) return 0;
    const at = Math.min(first ? this.#backoffEndsAt(first) : Number.POSITIVE_INFINITY, this.#earliestUnschedulable());
    return Number.isFinite(at) ? Math.max(0, at - now) : undefined;
  }

  #backoffMs(pod: QueuedPod): number {
    const count = pod.errors > 0 ? pod.errors : pod.refusals;
    if (count === 0) return 0;
    return Math.min(this.#options.initialBackoffMs * 2 ** Math.min(count - 1, 30), this.#options.maxBackoffMs);
  }

  #backoffEndsAt(pod: QueuedPod): number {
    return pod.sinceMs + this.#backoffMs(pod);
  }

  #earliestUnschedulable(): number {
    const oldest = this.#waiting.oldest();
    return oldest ? oldest.sinceMs + MAX_UNSCHEDULABLE_MS : Number.POSITIVE_INFINITY;
  }

  #withdraw(pod: QueuedPod): void {
    if (!this.#active.delete(pod) && !this.#backoff.delete(pod)) this.#waiting.delete(pod);
  }

  #activate(pod: QueuedPod, why: string): void {
    this.#withdraw(pod);
    const refusal = this.#options.preEnqueue(pod.info.pod);
    if (refusal) {
      pod.gatedBy = refusal.plugin;
      pod.place = 'gated';
      this.#waiting.add(pod);
      this.#options.onIncoming?.('unschedulable', why);
      return;
    }
    pod.gatedBy = undefined;
    pod.place = 'active';
    this.#active.push(pod);
    this.#options.onIncoming?.('active', why);
  }

  #intoBackoff(pod: QueuedPod, why: string): void {
    pod.place = 'backoff';
    this.#backoff.push(pod);
    this.#options.onIncoming?.('backoff', why);
  }

  #leaveWaiting(pod: QueuedPod, why: string): void {
    const isOver = pod.pending || this.#backoffEndsAt(pod) <= this.#options.clock.monotonic();
    if (isOver) this.#activate(pod, why);
    else {
      this.#waiting.delete(pod);
      this.#intoBackoff(pod, why);
    }
  }

  #mayHelp(pod: QueuedPod, event: ClusterEvent): boolean {
    const interested = this.#options.interested(event);
    return interested.some((plugin) => pod.refusedBy.has(plugin) && this.#options.isHelpful(plugin, pod.info.pod, event));
  }

  /** Whose time has come becomes active. */
  #flush(): void {
    const now = this.#options.clock.monotonic();
    for (let first = this.#backoff.peek(); first && this.#backoffEndsAt(first) <= now; first = this.#backoff.peek())
      this.#activate(first, QUEUE_EVENTS.backedOff);
    while (this.#earliestUnschedulable() <= now) this.#leaveWaiting(this.#waiting.oldest() as QueuedPod, QUEUE_EVENTS.timedOut);
  }

  /** With nothing else to do, back-off protects nobody: except from errors, which it gives time to pass. */
  #earlyFromBackoff(): QueuedPod | undefined {
    for (let first = this.#backoff.peek(); first && first.errors === 0; first = this.#backoff.peek()) {
      this.#activate(first, QUEUE_EVENTS.early);
      const next = this.#active.pop();
      if (next) return next;
    }
    return undefined;
  }
}
