import type { ContainerStatus, Pod, PodCondition, PodStatus } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { type ContainerRole, type ContainerState, containersOf, isBusy, liveOf } from './container-machine.ts';
import { containerStatus } from './container-status-plan.ts';
import { containerOf, type PodState } from './pod-state-plan.ts';
import { isFinal, isInitialised } from './running-plan.ts';

export interface NodeAddresses {
  /** The node's addresses, primary first. */
  readonly hostIps: readonly string[];
}

/** Running, Succeeded, …: how the containers add up (Pod Lifecycle, "Pod phase"). */
export function phaseOf(state: PodState): string {
  const { stage, pod } = state;
  if ('cause' in stage && stage.cause.kind === 'settled') return pod.status?.phase ?? 'Failed';
  if ('cause' in stage && stage.cause.kind === 'rejected') return 'Failed';
  const over = stage.at !== 'new' && stage.at !== 'active' && stage.at !== 'terminating';
  if ('cause' in stage && stage.cause.kind === 'failed' && (over || !anyBusy(state))) return 'Failed';
  const all = containersOf(pod);
  const apps = all.filter((c) => c.role === 'app');
  const runs = apps.map((c) => containerOf(state, c.spec.name));
  const failedInit = all.some((c) => c.role === 'init' && isFinal(state, c) && exitCode(containerOf(state, c.spec.name)) !== 0);
  if (failedInit) return 'Failed';
  if (over || apps.every((c) => isFinal(state, c))) return endPhase(runs, all.length);
  if (!isInitialised(state)) return 'Pending';
  if (runs.some((c) => c.run.at !== 'waiting' && (isUp(c) || c.last !== undefined || c.attempts > 0))) {
    return runs.every((c) => isUp(c) || c.attempts > 0) ? 'Running' : 'Pending';
  }
  return 'Pending';
}

const anyBusy = (state: PodState) => Object.values(state.containers).some((c) => isBusy(c.run));
const isUp = (c: ContainerState) => liveOf(c.run) !== undefined;
const exitCode = (c: ContainerState) => (c.run.at === 'exited' ? c.run.ended.exitCode : (c.last?.exitCode ?? 0));

/** A pod that was stopped before all containers ran has failed; so has one whose containers did. */
function endPhase(runs: readonly ContainerState[], containers: number): string {
  if (containers === 0) return 'Succeeded';
  return runs.every((c) => c.last !== undefined && exitCode(c) === 0) ? 'Succeeded' : 'Failed';
}

interface Verdict {
  readonly type: string;
  readonly status: boolean;
  readonly reason?: string;
  readonly message?: string;
  /** When it is not the newest. */
  readonly observedGeneration?: number;
}

function containersReady(state: PodState, phase: string): Verdict {
  if (phase === 'Succeeded') return { type: 'ContainersReady', status: false, reason: 'PodCompleted' };
  if (phase === 'Failed') return { type: 'ContainersReady', status: false, reason: 'PodFailed' };
  const watched = containersOf(state.pod).filter((c) => c.role === 'app' || c.role === 'sidecar');
  const unready = watched.filter((c) => !liveOf(containerOf(state, c.spec.name).run)?.ready).map((c) => c.spec.name);
  if (unready.length === 0) return { type: 'ContainersReady', status: true };
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { type: 'ContainersReady', status: false, reason: 'ContainersNotReady', message };
}

function ready(pod: Pod, containers: Verdict): Verdict {
  if (!containers.status) return { ...containers, type: 'Ready' };
  const unmet = (pod.spec?.readinessGates ?? []).filter(
    (gate) => pod.status?.conditions?.find((c) => c.type === gate.conditionType)?.status !== 'True',
  );
  if (unmet.length === 0) return { type: 'Ready', status: true };
  const lines = unmet.map(({ conditionType }) => {
    const known = pod.status?.conditions?.some((c) => c.type === conditionType);
    return known
      ? `the status of pod readiness gate "${conditionType}" is not "True", but ${pod.status?.conditions?.find((c) => c.type === conditionType)?.status}`
      : `corresponding condition of pod readiness gate "${conditionType}" does not exist.`;
  });
  return { type: 'Ready', status: false, reason: 'ReadinessGatesNotReady', message: lines.join(', ') };
}

function initialised(state: PodState, phase: string): Verdict {
  if (phase === 'Succeeded') return { type: 'Initialized', status: true, reason: 'PodCompleted' };
  if (isInitialised(state)) return { type: 'Initialized', status: true };
  const waiting = containersOf(state.pod).filter((c) => {
    const container = containerOf(state, c.spec.name);
    return (c.role === 'init' && exitCodeIfEnded(container) !== 0) || (c.role === 'sidecar' && !liveOf(container.run)?.started);
  });
  const message = `containers with incomplete status: [${waiting.map((c) => c.spec.name).join(' ')}]`;
  return { type: 'Initialized', status: false, reason: 'ContainersNotInitialized', message };
}

const exitCodeIfEnded = (c: ContainerState) => (c.run.at === 'exited' ? c.run.ended.exitCode : undefined);

/** With the phase, not before: a Job's failure policy judges by both. */
function disrupted({ stage }: PodState, phase: string): Verdict[] {
  const message = phase === 'Failed' && 'cause' in stage && stage.cause.kind === 'failed' ? stage.cause.disruption : undefined;
  return message === undefined ? [] : [{ type: 'DisruptionTarget', status: true, reason: 'TerminationByKubelet', message }];
}

const RESIZE_CONDITIONS = ['PodResizePending', 'PodResizeInProgress'];

function resizing({ resize: { pending, inProgress } }: PodState): Verdict[] {
  const [PENDING, IN_PROGRESS] = RESIZE_CONDITIONS as [string, string];
  const error = inProgress?.error;
  return [
    ...(pending
      ? [{ type: PENDING, status: true, reason: 'Deferred', message: pending.message, observedGeneration: pending.generation }]
      : []),
    ...(inProgress
      ? [{ type: IN_PROGRESS, status: true, ...(error && { reason: 'Error', message: error }), observedGeneration: inProgress.generation }]
      : []),
  ];
}

/** The kubelet's own conditions; those of others (PodScheduled, readiness gates) stay as they are. */
function conditions(state: PodState, phase: string, nowMs: number): PodCondition[] {
  const containers = containersReady(state, phase);
  const verdicts: Verdict[] = [
    { type: 'PodReadyToStartContainers', status: state.sandbox.at === 'ready' && !isReleased(state) },
    initialised(state, phase),
    ready(state.pod, containers),
    containers,
    ...disrupted(state, phase),
    ...(phase === 'Succeeded' || phase === 'Failed' ? [] : resizing(state)),
  ];
  const generation = state.pod.metadata?.generation;
  return verdicts.map(({ type, status, reason, message, observedGeneration = generation }) => {
    const old = state.pod.status?.conditions?.find((c) => c.type === type);
    const text = status ? 'True' : 'False';
    return {
      type,
      status: text,
      ...(reason && { reason }),
      ...(message && { message }),
      ...(observedGeneration && { observedGeneration }),
      lastTransitionTime: old?.status === text && old.lastTransitionTime ? old.lastTransitionTime : rfc3339(nowMs),
    };
  });
}

const isReleased = ({ stage }: PodState) => stage.at === 'ended' || stage.at === 'removing' || stage.at === 'finalising';

function statuses(state: PodState, roles: readonly ContainerRole[], old: readonly ContainerStatus[] | undefined): ContainerStatus[] {
  const all = containersOf(state.pod);
  const hasInit = all.some((c) => c.role === 'init' || c.role === 'sidecar');
  return all
    .filter((c) => roles.includes(c.role))
    .map((roled) => {
      const untried = hasInit && (roled.role !== 'app' || !isInitialised(state)) ? 'PodInitializing' : 'ContainerCreating';
      const previous = old?.find((s) => s.name === roled.spec.name);
      return containerStatus(roled, { state: containerOf(state, roled.spec.name), untried, previous });
    });
}

function addresses(state: PodState, { hostIps }: NodeAddresses): Partial<PodStatus> {
  const { pod, sandbox } = state;
  const own = pod.spec?.hostNetwork ? hostIps : sandbox.at === 'ready' ? sandbox.ips : [];
  const kept = own.length > 0 || !isReleasing(state) ? own : (pod.status?.podIPs ?? []).map(({ ip }) => ip);
  return {
    ...(hostIps[0] && { hostIP: hostIps[0], hostIPs: hostIps.map((ip) => ({ ip })) }),
    ...(kept[0] && { podIP: kept[0], podIPs: kept.map((ip) => ({ ip })) }),
  };
}

const isReleasing = ({ stage }: PodState) => stage.at !== 'new' && stage.at !== 'active' && stage.at !== 'terminating';

/** The status that the pod should have: a function of its state. What the kubelet does not own is left out. */
export function podStatus(state: PodState, node: NodeAddresses, nowMs: number): PodStatus {
  const { pod, stage } = state;
  if ('cause' in stage && stage.cause.kind === 'settled') return pod.status ?? {};
  const phase = phaseOf(state);
  const startTime = rfc3339(state.startTimeMs);
  // Of what never was on the node there is nothing to tell but why: clients show the reason where containers have no state.
  if ('cause' in stage && stage.cause.kind === 'rejected')
    return { phase, reason: stage.cause.reason, message: stage.cause.message, startTime };
  const init = statuses(state, ['init', 'sidecar'], pod.status?.initContainerStatuses);
  const ephemeral = statuses(state, ['ephemeral'], pod.status?.ephemeralContainerStatuses);
  const failed = 'cause' in stage && stage.cause.kind === 'failed' && phase === 'Failed' ? stage.cause : undefined;
  return {
    phase,
    conditions: conditions(state, phase, nowMs),
    ...(pod.metadata?.generation && { observedGeneration: pod.metadata.generation }),
    ...(failed && { reason: failed.reason, message: failed.message }),
    ...addresses(state, node),
    startTime,
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: statuses(state, ['app'], pod.status?.containerStatuses),
    ...(ephemeral.length > 0 && { ephemeralContainerStatuses: ephemeral }),
  };
}

/**
 * A strategic merge patch of the status subresource from what the API has to what it should have; undefined when nothing
 * changed. Conditions merge by type, so that those of others survive; addresses are replaced as a whole.
 */
export function statusPatch(pod: Pod, current: PodStatus, wanted: PodStatus): object | undefined {
  const status: Record<string, unknown> = {};
  for (const key of Object.keys(wanted) as (keyof PodStatus)[]) {
    if (same(current[key], wanted[key])) continue;
    if (key === 'conditions') {
      const changed = (wanted.conditions ?? []).filter(
        (c) =>
          !sameCondition(
            current.conditions?.find((o) => o.type === c.type),
            c,
          ),
      );
      const over = RESIZE_CONDITIONS.filter((type) => hasCondition(current, type) && !hasCondition(wanted, type));
      const gone = over.map((type) => ({ type, $patch: 'delete' }));
      if (changed.length + gone.length > 0) status.conditions = [...changed.map((c) => patchCondition(current.conditions, c)), ...gone];
    } else if (key === 'podIPs' || key === 'hostIPs') status[key] = [...(wanted[key] ?? []), { $patch: 'replace' }];
    else status[key] = wanted[key];
  }
  for (const key of ['podIP', 'podIPs', 'reason', 'message'] as const) {
    if (current[key] !== undefined && wanted[key] === undefined) status[key] = null;
  }
  if (Object.keys(status).length === 0) return undefined;
  return { metadata: { uid: pod.metadata?.uid }, status };
}

const hasCondition = ({ conditions }: PodStatus, type: string): boolean => conditions?.some((c) => c.type === type) ?? false;

/** Fields that a condition no longer has are cleared by null: a merge by type keeps them otherwise. */
function patchCondition(current: readonly PodCondition[] | undefined, wanted: PodCondition): object {
  const old = current?.find((c) => c.type === wanted.type);
  const cleared = (['reason', 'message'] as const).filter((key) => old?.[key] !== undefined && wanted[key] === undefined);
  return { ...wanted, ...Object.fromEntries(cleared.map((key) => [key, null])) };
}

const sameCondition = (a: PodCondition | undefined, b: PodCondition): boolean =>
  a?.status === b.status && a.reason === b.reason && a.message === b.message && a.observedGeneration === b.observedGeneration;

/** Equal as JSON, whatever the order of keys; null is the same as absent. */
function same(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? undefined) === (b ?? undefined)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
