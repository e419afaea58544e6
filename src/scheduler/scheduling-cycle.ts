import { type KubeObject, objectKey } from '../api/meta/object.ts';
import type { Pod } from '../api/schema/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { type Assumed, type BindingOutcome, runBindingCycle } from './binding-cycle.ts';
import { PodInfo, podKey } from './cache/pod-info.ts';
import type { SchedulerCache } from './cache/scheduler-cache.ts';
import type { Extenders } from './extenders/extenders.ts';
import type { FailureReporter } from './failure-reporter.ts';
import { Action } from './framework/cluster-event.ts';
import { CycleState } from './framework/cycle-state.ts';
import type { Diagnosis } from './framework/diagnosis.ts';
import { fitMessage, NO_NODES } from './framework/fit-message-plan.ts';
import type { PostFilterResult } from './framework/plugin.ts';
import type { Permit, Profile } from './framework/profile.ts';
import type { Refusal } from './framework/refusal.ts';
import type { WaitingPods } from './framework/waiting-pods.ts';
import type { SchedulingFailure } from './pod-status-plan.ts';
import type { Nominator } from './queue/nominator.ts';
import type { QueuedPod } from './queue/queued-pod.ts';
import type { SchedulingQueue } from './queue/scheduling-queue.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';
import type { NodeSelector } from './select-node.ts';

export interface SchedulingCycleOptions {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly waiting: WaitingPods;
  readonly selector: NodeSelector;
  readonly reporter: FailureReporter;
  readonly extenders: Extenders;
  readonly event: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: SchedulerMetrics;
  readonly profileOf: (pod: Pod) => Profile | undefined;
  /** The pod of this name as the informer has it now. */
  readonly latest: (pod: Pod) => Pod | undefined;
}

const SAMPLE = 10;

interface Failed {
  readonly failure: SchedulingFailure;
  readonly retry: 'after an event' | 'after the back-off';
  readonly plugins?: ReadonlySet<string>;
  readonly pending?: boolean;
}

type Decision = { readonly assumed: Assumed } | { readonly failed: Failed };

/** Decides about one pod after the other, and brings the decisions into the API. */
export class SchedulingCycle {
  readonly #options: SchedulingCycleOptions;
  #bindings = 0;
  #cycles = 0;
  #deciding: Promise<void> | undefined;

  constructor(options: SchedulingCycleOptions) {
    this.#options = options;
  }

  /** How many decisions are on their way into the API. */
  get bindings(): number {
    return this.#bindings;
  }

  /** Resolves when the decision that is under way has been taken; undefined: there is none. Only those in which extenders are asked take a while. */
  get deciding(): Promise<unknown> | undefined {
    return this.#deciding;
  }

  /**
   * Without extenders, up to the first await it is the whole decision: nothing changes meanwhile. With them, its owner sees to that, and to it that no other
   * cycle begins. Resolves when the outcome is in the API. Never rejects.
   */
  async run(pod: QueuedPod, { signal }: { signal: AbortSignal }): Promise<void> {
    const profile = this.#options.profileOf(pod.info.pod);
    if (!profile) return this.#options.queue.done(pod);
    const startedMs = this.#options.clock.monotonic();
    const state = this.#newState(profile);
    const decision = this.#options.extenders.isEmpty
      ? this.#decide(pod, profile, state, { signal })
      : await this.#decideAsking(pod, profile, state, { signal });
    if ('failed' in decision) {
      if (signal.aborted) return;
      this.#attempted(decision.failed, profile, startedMs);
      return this.#putBack(pod, decision.failed, { signal });
    }
    this.#options.metrics.decided((this.#options.clock.monotonic() - startedMs) / 1000);
    await this.#bind(decision.assumed, startedMs, { signal });
  }

  #attempted(outcome: Failed | 'scheduled', { schedulerName }: Profile, startedMs: number): void {
    const { clock, metrics } = this.#options;
    const failed = outcome !== 'scheduled' && (outcome.failure.reason === 'Unschedulable' ? 'unschedulable' : 'error');
    metrics.attempted(failed || 'scheduled', schedulerName, (clock.monotonic() - startedMs) / 1000);
  }

  /** One cycle in ten is looked at closely. */
  #newState({ schedulerName }: Profile): CycleState {
    this.#cycles += 1;
    if (this.#cycles % SAMPLE !== 0) return new CycleState();
    const { clock, metrics } = this.#options;
    return new CycleState((point) => {
      const fromMs = clock.monotonic();
      return (status) => metrics.extensionPoint(point, status, schedulerName, (clock.monotonic() - fromMs) / 1000);
    });
  }

  #decide(pod: QueuedPod, profile: Profile, state: CycleState, { signal }: { signal: AbortSignal }): Decision {
    try {
      const selection = this.#options.selector.select(profile, state, pod.info);
      if (selection.found) return this.#take(pod, profile, state, selection.node);
      const room = this.#makeRoom(profile, state, pod.info, selection.diagnosis, { signal });
      if (room instanceof Promise) throw new Error('a postFilter plugin answers later although no extender has to be asked');
      return { failed: this.#unschedulable(selection.diagnosis, room) };
    } catch (error) {
      return this.#broken(pod, error);
    }
  }

  async #decideAsking(pod: QueuedPod, profile: Profile, state: CycleState, { signal }: { signal: AbortSignal }): Promise<Decision> {
    const decided = Promise.withResolvers<void>();
    this.#deciding = decided.promise;
    const { selector, extenders } = this.#options;
    try {
      const selection = await selector.selectAsking(extenders, profile, state, pod.info, { signal });
      if (selection.found) return this.#take(pod, profile, state, selection.node);
      const made = this.#makeRoom(profile, state, pod.info, selection.diagnosis, { signal });
      const room = await made;
      if (made instanceof Promise) this.#options.metrics.preempted(room.victims);
      return { failed: this.#unschedulable(selection.diagnosis, room) };
    } catch (error) {
      return this.#broken(pod, error);
    } finally {
      this.#deciding = undefined;
      decided.resolve();
    }
  }

  #broken(pod: QueuedPod, error: unknown): Decision {
    const { cache, log } = this.#options;
    log.error({ error, pod: objectKey(pod.info.pod) }, 'scheduling a pod failed');
    cache.forget(pod.info.key);
    return { failed: failedBy(error) };
  }

  /** The node is the pod's from here on, unless a plugin is against it. */
  #take(pod: QueuedPod, profile: Profile, state: CycleState, nodeName: string): Decision {
    const { cache, nominator } = this.#options;
    cache.assume(pod.info, nodeName);
    nominator.forget(pod.info.key);
    const held = this.#reserve(profile, state, pod.info, nodeName);
    if ('waits' in held) return { assumed: { pod, profile, state, nodeName, waits: held.waits } };
    this.#undo(profile, state, pod.info, nodeName);
    return { failed: refusedOnNode(held.refusal) };
  }

  #reserve(profile: Profile, state: CycleState, pod: PodInfo, nodeName: string) {
    try {
      const refusal = state.timed('Reserve', () => profile.reserve(state, pod, nodeName), statusOf);
      return refusal ? { refusal } : state.timed('Permit', () => profile.permit(state, pod, nodeName), permitStatus);
    } catch (error) {
      profile.unreserve(state, pod, nodeName);
      throw error;
    }
  }

  #undo(profile: Profile, state: CycleState, pod: PodInfo, nodeName: string): void {
    profile.unreserve(state, pod, nodeName);
    this.#options.cache.forget(pod.key);
  }

  /** No node would do: postFilter may make room. */
  #makeRoom(
    profile: Profile,
    state: CycleState,
    pod: PodInfo,
    diagnosis: Diagnosis,
    options: { signal: AbortSignal },
  ): PostFilterResult | Promise<PostFilterResult> {
    const { cache, metrics } = this.#options;
    if (cache.nodeCount === 0 || !profile.hasPostFilters) return { made: 'nothing', nominatedNodeName: '' };
    const result = state.timed('PostFilter', () => profile.postFilter(state, pod, diagnosis, options), postFilterStatus);
    if (!(result instanceof Promise)) metrics.preempted(result.victims);
    return result;
  }

  #unschedulable(diagnosis: Diagnosis, room: PostFilterResult): Failed {
    const { nodeCount } = this.#options.cache;
    if (nodeCount === 0) {
      const failure = { reason: 'Unschedulable', message: NO_NODES, nominatedNodeName: '' } as const;
      return { failure, retry: 'after an event', plugins: diagnosis.plugins };
    }
    const refusals = diagnosis.refusals();
    const { rest, preFilterMessage, plugins } = diagnosis;
    const message = fitMessage({ nodeCount, refusals, rest, preFilterMessage, postFilterMessage: room.message ?? '' });
    const pending = rest?.code === 'Pending' || refusals.some(({ code }) => code === 'Pending');
    return {
      failure: { reason: 'Unschedulable', message, nominatedNodeName: room.nominatedNodeName },
      retry: 'after an event',
      plugins,
      pending,
    };
  }

  async #bind(assumed: Assumed, startedMs: number, { signal }: { signal: AbortSignal }): Promise<void> {
    const { queue, reporter, event, log, clock, metrics } = this.#options;
    const { pod, profile, state, nodeName } = assumed;
    this.#bindings += 1;
    const outcome = await runBindingCycle(assumed, this.#options, { signal });
    this.#bindings -= 1;
    if (outcome.type === 'bound') {
      queue.done(pod);
      reporter.settled(pod.info.pod);
      this.#attempted('scheduled', profile, startedMs);
      metrics.scheduled(pod.attempts, (clock.monotonic() - (pod.firstAttemptMs ?? startedMs)) / 1000);
      event(pod.info.pod, 'Normal', 'Scheduled', `Successfully assigned ${objectKey(pod.info.pod)} to ${nodeName}`);
      log.debug({ pod: objectKey(pod.info.pod), node: nodeName }, 'pod bound');
      return;
    }
    this.#undo(profile, state, pod.info, nodeName);
    if (outcome.type === 'stopped') return;
    // What it held is free again.
    queue.move({ resource: 'pods/assigned', actions: Action.delete, object: pod.info.pod });
    const failed = outcome.type === 'refused' ? refusedOnNode(outcome.refusal) : failedBy(outcome.error);
    this.#attempted(failed, profile, startedMs);
    await this.#unbound(pod, nodeName, outcome, { signal });
  }

  async #unbound(
    pod: QueuedPod,
    node: string,
    outcome: Exclude<BindingOutcome, { type: 'bound' | 'stopped' }>,
    { signal }: { signal: AbortSignal },
  ): Promise<void> {
    const about = { pod: objectKey(pod.info.pod), node };
    if (outcome.type === 'refused') {
      const failed = refusedOnNode(outcome.refusal);
      return this.#putBack(pod, outcome.tryAfterEvent ? failed : { ...failed, retry: 'after the back-off' }, { signal });
    }
    if (outcome.type === 'overtaken') {
      this.#options.log.debug({ ...about, error: outcome.error }, 'somebody else bound or deleted the pod');
      if (!this.#return(pod, failedBy(outcome.error))) this.#options.reporter.settled(pod.info.pod);
      return;
    }
    this.#options.log.warn({ ...about, error: outcome.error }, 'binding failed');
    return this.#putBack(pod, failedBy(outcome.error), { signal });
  }

  /** Back into the queue, and the pod says why. */
  async #putBack(pod: QueuedPod, failed: Failed, { signal }: { signal: AbortSignal }): Promise<void> {
    const now = this.#return(pod, failed);
    if (now) await this.#options.reporter.report(now, failed.failure, { signal });
    else this.#options.reporter.settled(pod.info.pod);
  }

  /** Back into the queue in its newest state; undefined when it is gone or has a node. */
  #return(pod: QueuedPod, { failure, retry, plugins, pending }: Failed): Pod | undefined {
    const { queue, nominator, latest } = this.#options;
    const now = latest(pod.info.pod);
    if (!now || podKey(now) !== pod.info.key || now.spec?.nodeName) {
      queue.delete(pod.info.key);
      return undefined;
    }
    if (now !== pod.info.pod) pod.info = new PodInfo(now);
    if (failure.nominatedNodeName !== undefined) nominator.nominate(pod.info, failure.nominatedNodeName);
    if (retry === 'after an event') queue.refused(pod, plugins ?? new Set(), { pending: pending ?? false });
    else queue.failed(pod);
    return now;
  }
}

const postFilterStatus = (result: PostFilterResult | Promise<PostFilterResult>): string =>
  !(result instanceof Promise) && result.made === 'room' ? 'Success' : 'Unschedulable';
const statusOf = (refused: Refusal | undefined): string => refused?.code ?? 'Success';
const permitStatus = (permit: Permit): string => ('refusal' in permit ? permit.refusal.code : permit.waits.size > 0 ? 'Wait' : 'Success');

/** A node had been found, and then was not to be had. */
function refusedOnNode(refusal: Refusal): Failed {
  const message = fitMessage({ nodeCount: 1, refusals: [refusal], rest: undefined, preFilterMessage: '', postFilterMessage: '' });
  return {
    failure: { reason: 'Unschedulable', message, nominatedNodeName: '' },
    retry: 'after an event',
    plugins: new Set([refusal.plugin]),
    pending: refusal.code === 'Pending',
  };
}

function failedBy(error: unknown): Failed {
  const message = error instanceof Error ? error.message : String(error);
  return { failure: { reason: 'SchedulerError', message, nominatedNodeName: '' }, retry: 'after the back-off' };
}
