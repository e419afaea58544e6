import { unreachable } from '../../base/unreachable.ts';
import { adopt } from './adoption-plan.ts';
import {
  type ContainerState,
  containersOf,
  ended,
  isBusy,
  liveOf,
  newContainer,
  type ProbeKind,
  probesOf,
  type RoledContainer,
} from './container-machine.ts';
import { containerOf, isDeleting, type PodEffect, type PodEvent, type PodState, type Step, withContainer } from './pod-state-plan.ts';
import { actuate, allow, defer, observe, resized } from './resize-plan.ts';
import { beginAnew, graceOf, isComplete, planRunning, stopOne } from './running-plan.ts';
import { deletionGrace, planTermination, shortenGrace, terminate } from './termination-plan.ts';

/** Retries of mounts, sandboxes and containers that could not be made: 1 s doubling to 10 s, about the pace of the kubelet's syncs. */
const RETRY_MAX_MS = 10_000;
const retryAfter = (failures: number) => Math.min(1000 * 2 ** Math.min(failures, 10), RETRY_MAX_MS);

/**
 * The life of a pod on its node, as a function: an event goes in, the new state and what is to be done come out. The caller
 * carries out the effects and reports back with events; every effect that names an answer gets exactly one.
 */
export function step(state: PodState, event: PodEvent, nowMs: number): Step {
  const [reduced, first] = reduce(state, event, nowMs);
  const [next, more] = advance(reduced, nowMs);
  return [next, [...first, ...more]];
}

/** When the machine next wants a tick, in epoch milliseconds; undefined when only events matter. Never in the past: that would spin. */
export function nextWakeMs(state: PodState, nowMs: number): number | undefined {
  if (state.stage.at !== 'active') return undefined;
  const times: number[] = [];
  if (state.volumes.at === 'failed') times.push(state.volumes.retryAtMs);
  if (state.sandbox.at === 'failed') times.push(state.sandbox.retryAtMs);
  for (const { run } of Object.values(state.containers)) if (run.at === 'delayed') times.push(run.untilMs);
  const { inProgress } = state.resize;
  if (inProgress?.retryAtMs !== undefined) times.push(inProgress.retryAtMs);
  const deadline = deadlineMs(state);
  if (deadline !== undefined) times.push(deadline);
  const ahead = times.filter((t) => t > nowMs);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function deadlineMs({ pod, startTimeMs }: PodState): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined ? undefined : startTimeMs + seconds * 1000;
}

function reduce(state: PodState, event: PodEvent, nowMs: number): Step {
  switch (event.type) {
    case 'podChanged':
      return [shortenIfDeleting(withPod(state, event.pod), nowMs), []];
    case 'podGone':
      return [shortenIfDeleting({ ...state, object: 'gone' }, nowMs), []];
    case 'resizeAllowed':
      return allow(state);
    case 'resizeDeferred':
      return defer(state, event.message, nowMs);
    case 'resized':
      return resized(state, event, nowMs);
    case 'found':
      return state.stage.at === 'new' ? found(adopt(state, event, nowMs)) : [state, []];
    case 'rejected':
      return reject(state, event, nowMs);
    case 'evicted':
      return evict(state, event, nowMs);
    case 'tick':
      return [state, []];
    case 'volumesMounted':
    case 'volumesFailed':
      return [volumesAnswered(state, event, nowMs), []];
    case 'sandboxReady':
    case 'sandboxFailed':
    case 'sandboxLost':
    case 'sandboxDropped':
      return [sandboxChanged(state, event, nowMs), []];
    case 'containerStarted':
      return containerStarted(state, event);
    case 'startFailed':
      return [startFailed(state, event, nowMs), []];
    case 'hookDone':
      return hookDone(state, event, nowMs);
    case 'containerExited':
      return containerExited(state, event);
    case 'probed':
      return probed(state, event, nowMs);
    case 'released':
      return [state.stage.at === 'releasing' ? { ...state, stage: { ...state.stage, at: 'ended' } } : state, []];
    case 'removed':
      return removed(state);
    case 'finalised':
      return [state.stage.at === 'finalising' ? { ...state, stage: { ...state.stage, at: 'finalised' } } : state, []];
    default:
      return unreachable(event);
  }
}

/** What follows from the state alone. */
function advance(state: PodState, nowMs: number): Step {
  switch (state.stage.at) {
    case 'active':
      return advanceActive(state, nowMs);
    case 'terminating':
      return planTermination(state, nowMs);
    case 'ended':
      return isDeleting(state) ? [{ ...state, stage: { ...state.stage, at: 'removing' } }, [{ do: 'remove' }]] : [state, []];
    case 'new':
    case 'releasing':
    case 'removing':
    case 'finalising':
    case 'finalised':
      return [state, []];
    default:
      return unreachable(state.stage);
  }
}

function advanceActive(state: PodState, nowMs: number): Step {
  if (isDeleting(state)) return thenStop(terminate(state, { kind: 'deleted' }, deletionGrace(state), nowMs), nowMs);
  const deadline = deadlineMs(state);
  if (deadline !== undefined && deadline <= nowMs) {
    const message = 'Pod was active on the node longer than the specified deadline';
    const [next, effects] = terminate(state, { kind: 'failed', reason: 'DeadlineExceeded', message }, graceOf(state), nowMs);
    const report: PodEffect = { do: 'report', type: 'Normal', reason: 'DeadlineExceeded', message };
    return thenStop([next, [report, ...effects]], nowMs);
  }
  if (isComplete(state)) return thenStop(terminate(state, { kind: 'completed' }, graceOf(state), nowMs), nowMs);
  const [next, effects] = planRunning(state, nowMs);
  const [last, more] = actuate(next, nowMs);
  return [last, [...effects, ...more]];
}

function thenStop([state, effects]: Step, nowMs: number): Step {
  const [next, more] = planTermination(state, nowMs);
  return [next, [...effects, ...more]];
}

function withPod(before: PodState, asked: PodState['pod']): PodState {
  const state = observe(before, asked);
  const fresh = containersOf(asked).filter(({ spec }) => !state.containers[spec.name]);
  if (fresh.length === 0) return state;
  return { ...state, containers: { ...state.containers, ...Object.fromEntries(fresh.map((c) => [c.spec.name, newContainer])) } };
}

const shortenIfDeleting = (state: PodState, nowMs: number): PodState => (isDeleting(state) ? shortenGrace(state, nowMs) : state);

function found(state: PodState): Step {
  if (state.stage.at === 'releasing') return [state, [{ do: 'release' }]];
  const probes = containersOf(state.pod).flatMap((roled): PodEffect[] => {
    const { run } = containerOf(state, roled.spec.name);
    return run.at === 'running' ? probesFrom(roled, run.id, run.started) : [];
  });
  return [state, probes];
}

function reject(state: PodState, { reason, message }: { reason: string; message: string }, nowMs: number): Step {
  if (state.stage.at !== 'new') return [state, []];
  return terminate(state, { kind: 'rejected', reason, message }, 0, nowMs);
}

function evict(state: PodState, { reason, message, disruption }: Extract<PodEvent, { type: 'evicted' }>, nowMs: number): Step {
  if (state.stage.at !== 'active') return [state, []];
  return terminate(state, { kind: 'failed', reason, message, disruption }, graceOf(state), nowMs);
}

function volumesAnswered(state: PodState, event: Extract<PodEvent, { type: `volumes${string}` }>, nowMs: number): PodState {
  if (state.volumes.at !== 'mounting') return state;
  if (event.type === 'volumesMounted') return { ...state, volumes: { at: 'mounted' } };
  const failures = state.volumes.failures + 1;
  const retryAtMs = nowMs + retryAfter(failures - 1);
  return { ...state, volumes: { at: 'failed', message: event.message, retryAtMs, failures } };
}

function sandboxChanged(state: PodState, event: Extract<PodEvent, { type: `sandbox${string}` }>, nowMs: number): PodState {
  const { sandbox } = state;
  switch (event.type) {
    case 'sandboxReady':
      if (sandbox.at !== 'creating') return state;
      return { ...state, sandbox: { at: 'ready', attempt: sandbox.attempt, id: event.id, ips: event.ips } };
    case 'sandboxFailed': {
      if (sandbox.at !== 'creating') return state;
      const failures = sandbox.failures + 1;
      const retryAtMs = nowMs + retryAfter(failures - 1);
      return { ...state, sandbox: { at: 'failed', attempt: sandbox.attempt + 1, message: event.message, retryAtMs, failures } };
    }
    case 'sandboxLost':
      if (sandbox.at !== 'ready' || sandbox.id !== event.id || state.stage.at !== 'active') return state;
      return { ...state, sandbox: { at: 'lost', attempt: sandbox.attempt, id: sandbox.id } };
    case 'sandboxDropped':
      if (sandbox.at !== 'dropping' || sandbox.id !== event.id) return state;
      return beginAnew(state);
    default:
      return unreachable(event);
  }
}

function probesFrom({ spec }: RoledContainer, id: string, started: boolean): PodEffect[] {
  const all = probesOf(spec);
  const kinds = all.filter((kind) => (started ? kind !== 'startup' : kind === 'startup'));
  return kinds.length === 0 ? [] : [{ do: 'startProbes', name: spec.name, id, kinds }];
}

const roledOf = (state: PodState, name: string) => containersOf(state.pod).find((c) => c.spec.name === name);

function containerStarted(state: PodState, event: Extract<PodEvent, { type: 'containerStarted' }>): Step {
  const roled = roledOf(state, event.name);
  const container = containerOf(state, event.name);
  if (container.run.at !== 'starting' || !roled) return [state, []];
  const { id, startedAtMs, specImage, resources, image, imageId } = event;
  const live = { id, startedAtMs, specImage, resources, started: false, ready: false };
  const base = { ...container, attempts: container.attempts + 1, image, imageId, startFailures: 0 };
  const next = withContainer(state, event.name, { ...base, run: { at: 'hooked', ...live } });
  if (roled.spec.lifecycle?.postStart) return [next, [{ do: 'runPostStart', name: event.name, id }]];
  return nowRunning(next, roled);
}

/** Past its postStart hook: probes begin; without a startup probe it counts as started, without a readiness probe as ready. */
function nowRunning(state: PodState, roled: RoledContainer): Step {
  const { name } = roled.spec;
  const container = containerOf(state, name);
  if (container.run.at !== 'hooked') return [state, []];
  const kinds = probesOf(roled.spec);
  const started = !kinds.includes('startup');
  const ready = started && !kinds.includes('readiness');
  const next = withContainer(state, name, { ...container, run: { ...container.run, at: 'running', started, ready } });
  return [next, probesFrom(roled, container.run.id, started)];
}

function startFailed(state: PodState, event: Extract<PodEvent, { type: 'startFailed' }>, nowMs: number): PodState {
  const container = containerOf(state, event.name);
  if (container.run.at !== 'starting') return state;
  const failures = container.startFailures + 1;
  const untilMs = Math.max(event.retryAtMs ?? nowMs + retryAfter(failures - 1), nowMs);
  const delayed = { at: 'delayed', untilMs, reason: event.reason, message: event.message } as const;
  if (!event.ended) return withContainer(state, event.name, { ...container, startFailures: failures, run: delayed });
  const end = { ...event.ended, reason: 'StartError', message: event.message, startedAtMs: 0, finishedAtMs: nowMs };
  return withContainer(state, event.name, { ...ended({ ...container, attempts: container.attempts + 1 }, end) });
}

function hookDone(state: PodState, event: Extract<PodEvent, { type: 'hookDone' }>, nowMs: number): Step {
  const roled = roledOf(state, event.name);
  const { run } = containerOf(state, event.name);
  if (run.at !== 'hooked' || run.id !== event.id || !roled) return [state, []];
  if (event.error === undefined) return nowRunning(state, roled);
  return stopOne(state, event.name, graceOf(state), 'FailedPostStartHook', nowMs);
}

function containerExited(state: PodState, event: Extract<PodEvent, { type: 'containerExited' }>): Step {
  const container = containerOf(state, event.name);
  if (liveOf(container.run)?.id !== event.id) return [state, []];
  const { id, exitCode, reason, message, startedAtMs, finishedAtMs } = event;
  const next = ended(container, { id, exitCode, reason, message, startedAtMs, finishedAtMs });
  const stop: PodEffect = { do: 'stopProbes', name: event.name, kinds: ['startup', 'liveness', 'readiness'] };
  return [withContainer(state, event.name, next), [stop]];
}

function probed(state: PodState, event: Extract<PodEvent, { type: 'probed' }>, nowMs: number): Step {
  const roled = roledOf(state, event.name);
  const container = containerOf(state, event.name);
  const { run } = container;
  if (!roled || (run.at !== 'running' && run.at !== 'stopping') || run.id !== event.id) return [state, []];
  const set = (change: Partial<ContainerState['run']>): PodState =>
    withContainer(state, event.name, { ...container, run: { ...run, ...change } as ContainerState['run'] });
  if (event.kind === 'readiness') return [run.ready === event.ok ? state : set({ ready: event.ok && run.started }), []];
  if (run.at === 'stopping') return [state, []];
  if (!event.ok) return unhealthy(state, roled, event.kind, nowMs);
  if (event.kind === 'liveness' || run.started) return [state, []];
  const ready = !probesOf(roled.spec).includes('readiness');
  const stop: PodEffect = { do: 'stopProbes', name: event.name, kinds: ['startup'] };
  return [set({ started: true, ready }), [stop, ...probesFrom(roled, run.id, true)]];
}

function unhealthy(state: PodState, { spec }: RoledContainer, kind: Exclude<ProbeKind, 'readiness'>, nowMs: number): Step {
  if (state.stage.at !== 'active') return [state, []];
  const probe = kind === 'startup' ? spec.startupProbe : spec.livenessProbe;
  const grace = Number(probe?.terminationGracePeriodSeconds ?? graceOf(state));
  return stopOne(state, spec.name, grace, `Container ${spec.name} failed ${kind} probe, will be restarted`, nowMs);
}

function removed(state: PodState): Step {
  if (state.stage.at !== 'removing') return [state, []];
  if (state.object === 'gone') return [{ ...state, stage: { ...state.stage, at: 'finalised' } }, []];
  return [{ ...state, stage: { ...state.stage, at: 'finalising' } }, [{ do: 'finalise' }]];
}

/** May the worker forget this pod? */
export const isOver = (state: PodState): boolean => state.stage.at === 'finalised';

/** Does anything of it run or start? For tests and for the order in which a node shuts down. */
export const isAlive = (state: PodState): boolean => Object.values(state.containers).some((c) => isBusy(c.run));
