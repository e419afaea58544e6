import { isConflict, isNotFound } from '../api/meta/status.ts';
import { isAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import type { Extenders } from './extenders/extenders.ts';
import type { FailureReporter } from './failure-reporter.ts';
import type { CycleState } from './framework/cycle-state.ts';
import type { Profile } from './framework/profile.ts';
import type { Refusal } from './framework/refusal.ts';
import type { WaitingPods } from './framework/waiting-pods.ts';
import type { QueuedPod } from './queue/queued-pod.ts';
import type { SchedulerMetrics } from './scheduler-metrics.ts';

/** A pod that has been given a node in memory, on its way into the API. */
export interface Assumed {
  readonly pod: QueuedPod;
  readonly profile: Profile;
  readonly state: CycleState;
  readonly nodeName: string;
  /** How long permit plugins hold it up, in milliseconds by plugin. */
  readonly waits: ReadonlyMap<string, number>;
}

export type BindingOutcome =
  | { readonly type: 'bound' }
  /** `tryAfterEvent`: refused by a permit plugin, so that an event has to come first; else the back-off is enough. */
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly tryAfterEvent: boolean }
  /** Somebody else bound or deleted the pod: informers will tell, or have told. */
  | { readonly type: 'overtaken'; readonly error: unknown }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'stopped' };

export interface BindingTools {
  readonly waiting: WaitingPods;
  readonly extenders: Extenders;
  readonly clock: Clock;
  readonly metrics: SchedulerMetrics;
  /** Says where the pod is going to be. Never rejects. */
  readonly reporter: Pick<FailureReporter, 'expect'>;
}

/** Waits for permission, prepares, binds; an extender that binds comes before the plugins. Never rejects: the outcome says what has to be undone. */
export async function runBindingCycle(
  { pod: { info }, profile, state, nodeName, waits }: Assumed,
  tools: BindingTools,
  { signal }: { signal: AbortSignal },
): Promise<BindingOutcome> {
  try {
    const held = waits.size > 0 ? permitted(tools, () => tools.waiting.hold(info, nodeName, waits, { signal })) : undefined;
    const isSlow = held !== undefined || profile.preBindWorks(state, info, nodeName);
    const [rejection] = isSlow ? await Promise.all([held, tools.reporter.expect(info.pod, nodeName, { signal })]) : [];
    if (rejection) return { type: 'refused', refusal: rejection, tryAfterEvent: true };
    const refusal = await profile.preBind(state, info, nodeName, { signal });
    if (refusal) return { type: 'refused', refusal, tryAfterEvent: false };
    if (!(await tools.extenders.bind(info, nodeName, { signal }))) await profile.bind(state, info, nodeName, { signal });
    state.timed('PostBind', () => profile.postBind(state, info, nodeName));
    return { type: 'bound' };
  } catch (error) {
    if (isAbort(error, signal)) return { type: 'stopped' };
    return { type: isNotFound(error) || isConflict(error) ? 'overtaken' : 'failed', error };
  }
}

async function permitted({ clock, metrics }: BindingTools, hold: () => Promise<Refusal | undefined>): Promise<Refusal | undefined> {
  const startedMs = clock.monotonic();
  let result: Parameters<SchedulerMetrics['permitted']>[0] = 'Error';
  try {
    const rejection = await hold();
    result = rejection ? 'Unschedulable' : 'Success';
    return rejection;
  } finally {
    metrics.permitted(result, (clock.monotonic() - startedMs) / 1000);
  }
}
