import { containersOf, isBusy, liveOf, type RoledContainer } from './container-machine.ts';
import { type Cause, containerOf, type PodEffect, type PodState, type Step, withContainer } from './pod-state-plan.ts';

/** The kubelet never gives a pod that is being deleted less than this. */
const LEAST_GRACE_SECONDS = 1;

export function deletionGrace(state: PodState): number {
  const asked = state.pod.metadata?.deletionGracePeriodSeconds ?? state.pod.spec?.terminationGracePeriodSeconds ?? 30;
  return Math.max(Number(asked), LEAST_GRACE_SECONDS);
}

export function terminate(state: PodState, cause: Cause, graceSeconds: number, nowMs: number): Step {
  const stage = { at: 'terminating', cause, graceSeconds, deadlineMs: nowMs + graceSeconds * 1000 } as const;
  const probes = Object.entries(state.containers)
    .filter(([, c]) => liveOf(c.run))
    .map(([name]): PodEffect => ({ do: 'stopProbes', name, kinds: ['startup', 'liveness'] }));
  return [{ ...state, stage }, [{ do: 'abandonSetup' }, ...probes]];
}

/** Everything but sidecars stops at once; sidecars follow in reverse order, each when all that came after it has ended (KEP-753). */
function stoppable(state: PodState): RoledContainer[] {
  const all = containersOf(state.pod);
  const busy = (c: RoledContainer) => isBusy(containerOf(state, c.spec.name).run);
  const others = all.filter((c) => c.role !== 'sidecar').filter(busy);
  if (others.length > 0) return others;
  return all.filter((c) => c.role === 'sidecar' && busy(c)).slice(-1);
}

const isQuiet = (state: PodState): boolean =>
  !Object.values(state.containers).some((c) => isBusy(c.run)) &&
  state.volumes.at !== 'mounting' &&
  state.sandbox.at !== 'creating' &&
  state.sandbox.at !== 'dropping';

/** Stops what runs; when nothing is under way any more, gives everything back. */
export function planTermination(state: PodState, nowMs: number): Step {
  if (state.stage.at !== 'terminating') return [state, []];
  if (isQuiet(state)) return [{ ...state, stage: { at: 'releasing', cause: state.stage.cause } }, [{ do: 'release' }]];
  const { deadlineMs } = state.stage;
  const effects: PodEffect[] = [];
  let next = state;
  for (const { spec } of stoppable(state)) {
    const container = containerOf(next, spec.name);
    const { run } = container;
    const live = liveOf(run);
    if (!live) continue;
    const overtake = run.at === 'stopping' && run.deadlineMs > deadlineMs;
    if (run.at === 'stopping' && !overtake) continue;
    next = withContainer(next, spec.name, { ...container, run: { ...live, at: 'stopping', deadlineMs } });
    const graceSeconds = Math.max(Math.ceil((deadlineMs - nowMs) / 1000), LEAST_GRACE_SECONDS);
    const why = `Stopping container ${spec.name}`;
    effects.push({ do: 'stopContainer', name: spec.name, id: live.id, graceSeconds, preStop: run.at !== 'stopping', why });
  }
  return [next, effects];
}

/** A later deletion may shorten the grace of one under way; never lengthen it. */
export function shortenGrace(state: PodState, nowMs: number): PodState {
  if (state.stage.at !== 'terminating') return state;
  const graceSeconds = deletionGrace(state);
  const cause: Cause = state.stage.cause.kind === 'completed' ? state.stage.cause : { kind: 'deleted' };
  if (state.stage.cause.kind === 'deleted' && graceSeconds >= state.stage.graceSeconds) return state;
  const deadlineMs = Math.min(state.stage.deadlineMs, nowMs + graceSeconds * 1000);
  const kept = ['failed', 'rejected'].includes(state.stage.cause.kind) ? state.stage.cause : cause;
  return { ...state, stage: { ...state.stage, cause: kept, deadlineMs, graceSeconds: Math.min(graceSeconds, state.stage.graceSeconds) } };
}
