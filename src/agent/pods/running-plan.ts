import {
  type ContainerState,
  containersOf,
  type Ended,
  isBusy,
  liveOf,
  newContainer,
  type RoledContainer,
  restartDueMs,
  shouldRestart,
  starting,
} from './container-machine.ts';
import { containerOf, type PodEffect, type PodState, podFormat, type Step, withContainer } from './pod-state-plan.ts';

const policyOf = (state: PodState) => state.pod.spec?.restartPolicy;

/** Has it ended for good? */
export function isFinal(state: PodState, roled: RoledContainer): boolean {
  const { run, again } = containerOf(state, roled.spec.name);
  return run.at === 'exited' && !again && !shouldRestart(roled, policyOf(state), run.ended.exitCode);
}

const exitCodeOf = (state: ContainerState): number | undefined => (state.run.at === 'exited' ? state.run.ended.exitCode : undefined);

/** Have all containers of the pod ended for good, so that it has run its course? */
export function isComplete(state: PodState): boolean {
  const all = containersOf(state.pod);
  const apps = all.filter((c) => c.role === 'app');
  if (apps.length > 0 && apps.every((c) => isFinal(state, c))) return true;
  const failedInit = all.some((c) => c.role === 'init' && isFinal(state, c) && exitCodeOf(containerOf(state, c.spec.name)) !== 0);
  return failedInit && !apps.some((c) => isBusy(containerOf(state, c.spec.name).run));
}

/** The containers that may run now: init containers one after the other, then app containers side by side. */
function eligible(state: PodState): { list: RoledContainer[]; initialised: boolean } {
  const all = containersOf(state.pod);
  const list: RoledContainer[] = all.filter((c) => c.role === 'ephemeral');
  for (const roled of all.filter((c) => c.role === 'init' || c.role === 'sidecar')) {
    const { run } = containerOf(state, roled.spec.name);
    if (roled.role === 'init' && run.at === 'exited' && run.ended.exitCode === 0) continue;
    list.push(roled);
    const passed = roled.role === 'sidecar' && (liveOf(run)?.started || wasStarted(state, roled));
    if (!passed) return { list, initialised: false };
  }
  return { list: [...list, ...all.filter((c) => c.role === 'app')], initialised: true };
}

/** A sidecar that started once does not hold back what follows it while it restarts. */
function wasStarted(state: PodState, sidecar: RoledContainer): boolean {
  const order = containersOf(state.pod).filter((c) => c.role !== 'ephemeral');
  const later = order.slice(order.findIndex((c) => c.spec.name === sidecar.spec.name) + 1);
  return later.some((c) => containerOf(state, c.spec.name).run.at !== 'waiting');
}

export const isInitialised = (state: PodState): boolean => eligible(state).initialised;

function start(state: PodState, { spec }: RoledContainer, nowMs: number): Step {
  if (state.sandbox.at !== 'ready') return [state, []];
  const container = containerOf(state, spec.name);
  const { run } = container;
  const shown = run.at === 'delayed' ? run : { reason: 'ContainerCreating', message: '' };
  const effect: PodEffect = {
    do: 'startContainer',
    name: spec.name,
    attempt: container.attempts,
    sandboxId: state.sandbox.id,
    ips: state.sandbox.ips,
    remove: container.dead.slice(0, -1),
  };
  return [withContainer(state, spec.name, starting(container, nowMs, shown.reason, shown.message)), [effect]];
}

function backOff(state: PodState, { spec }: RoledContainer, end: Ended): Step {
  const container = containerOf(state, spec.name);
  const seconds = Math.round(container.crashDelayMs / 1000);
  const message = `back-off ${spell(seconds)} restarting failed container=${spec.name} pod=${podFormat(state.pod)}`;
  const run = { at: 'delayed', untilMs: restartDueMs(container, end), reason: 'CrashLoopBackOff', message } as const;
  const text = `Back-off restarting failed container ${spec.name} in pod ${podFormat(state.pod)}`;
  return [
    withContainer(state, spec.name, { ...container, run }),
    [{ do: 'report', type: 'Warning', reason: 'BackOff', message: text, container: spec.name }],
  ];
}

/** Go's words for a duration of whole seconds: 40s, 2m40s, 5m0s. */
const spell = (seconds: number) => (seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`);

function ensure(state: PodState, roled: RoledContainer, nowMs: number): Step {
  const container = containerOf(state, roled.spec.name);
  const { run } = container;
  if (run.at === 'waiting') return start(state, roled, nowMs);
  if (run.at === 'delayed') return run.untilMs <= nowMs ? start(state, roled, nowMs) : [state, []];
  if (run.at !== 'exited' || !(container.again || shouldRestart(roled, policyOf(state), run.ended.exitCode))) return [state, []];
  return restartDueMs(container, run.ended) <= nowMs ? start(state, roled, nowMs) : backOff(state, roled, run.ended);
}

function ensureAll(state: PodState, nowMs: number): Step {
  const effects: PodEffect[] = [];
  let next = state;
  for (const roled of eligible(state).list) {
    const [after, more] = ensure(next, roled, nowMs);
    next = after;
    effects.push(...more);
  }
  return [next, effects];
}

/** The sandbox died: what still runs in it is stopped; when all is quiet it is dropped, and everything begins anew in another one. */
function replaceSandbox(state: PodState, nowMs: number): Step {
  if (state.sandbox.at !== 'lost') return [state, []];
  const effects: PodEffect[] = [];
  let next = state;
  for (const { spec } of containersOf(state.pod)) {
    const container = containerOf(next, spec.name);
    if (container.run.at !== 'running' && container.run.at !== 'hooked') continue;
    next = withContainer(next, spec.name, { ...container, run: { ...container.run, at: 'stopping', deadlineMs: nowMs } });
    const why = 'Pod sandbox changed, it will be killed and re-created.';
    effects.push({ do: 'stopContainer', name: spec.name, id: container.run.id, graceSeconds: 0, preStop: false, why });
  }
  if (Object.values(next.containers).some((c) => isBusy(c.run))) return [next, effects];
  const { id, attempt } = state.sandbox;
  const keep = Object.values(next.containers).flatMap((c) => c.dead.slice(-1));
  return [{ ...next, sandbox: { at: 'dropping', id, attempt } }, [...effects, { do: 'dropSandbox', id, keep }]];
}

/** After the dead sandbox is gone: containers that are to run again begin from the first init container. */
export function beginAnew(state: PodState): PodState {
  if (state.sandbox.at !== 'dropping') return state;
  const containers: Record<string, ContainerState> = { ...state.containers };
  for (const roled of containersOf(state.pod)) {
    const container = containers[roled.spec.name] ?? newContainer;
    if (roled.role === 'app' ? isFinal(state, roled) : roled.role === 'ephemeral') continue;
    containers[roled.spec.name] = { ...container, run: { at: 'waiting' } };
  }
  return { ...state, sandbox: { at: 'none', attempt: state.sandbox.attempt + 1 }, containers };
}

/** A running container whose image changed in the spec restarts with the new one. */
function restartChanged(state: PodState, nowMs: number): Step {
  const effects: PodEffect[] = [];
  let next = state;
  for (const { spec } of containersOf(state.pod)) {
    const container = containerOf(next, spec.name);
    if (container.run.at !== 'running' || container.run.specImage === (spec.image ?? '')) continue;
    const why = `Container ${spec.name} definition changed, will be restarted`;
    const [after, more] = stopOne(next, spec.name, graceOf(state), why, nowMs, 'again');
    next = after;
    effects.push(...more);
  }
  return [next, effects];
}

export const graceOf = (state: PodState): number => Number(state.pod.spec?.terminationGracePeriodSeconds ?? 30);

/** Stops a running container of a pod that goes on. `again`: to start it anew, whatever its restart policy says. */
export function stopOne(state: PodState, name: string, graceSeconds: number, why: string, nowMs: number, then?: 'again'): Step {
  const container = containerOf(state, name);
  if (container.run.at !== 'running' && container.run.at !== 'hooked') return [state, []];
  const { id } = container.run;
  const run = { ...container.run, at: 'stopping', deadlineMs: nowMs + graceSeconds * 1000 } as const;
  return [
    withContainer(state, name, { ...container, run, ...(then && { again: true }) }),
    [
      { do: 'stopProbes', name, kinds: ['startup', 'liveness', 'readiness'] },
      { do: 'stopContainer', name, id, graceSeconds, preStop: true, why },
    ],
  ];
}

/** What an active pod needs next: volumes, then a sandbox, then its containers. */
export function planRunning(state: PodState, nowMs: number): Step {
  const { volumes, sandbox } = state;
  if (sandbox.at === 'lost') return replaceSandbox(state, nowMs);
  if (volumes.at === 'unmounted' || (volumes.at === 'failed' && volumes.retryAtMs <= nowMs)) {
    const failures = volumes.at === 'failed' ? volumes.failures : 0;
    return [{ ...state, volumes: { at: 'mounting', failures } }, [{ do: 'mountVolumes' }]];
  }
  if (volumes.at !== 'mounted') return [state, []];
  if (sandbox.at === 'none' || (sandbox.at === 'failed' && sandbox.retryAtMs <= nowMs)) {
    const failures = sandbox.at === 'failed' ? sandbox.failures : 0;
    const { attempt } = sandbox;
    return [{ ...state, sandbox: { at: 'creating', attempt, failures } }, [{ do: 'runSandbox', attempt }]];
  }
  if (sandbox.at !== 'ready') return [state, []];
  const [restarted, stops] = restartChanged(state, nowMs);
  const [next, starts] = ensureAll(restarted, nowMs);
  return [next, [...stops, ...starts]];
}
