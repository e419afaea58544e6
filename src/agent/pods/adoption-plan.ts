import type { ContainerStatus as ApiContainerStatus, Pod } from '../../api/schema/generated/types.ts';
import {
  type ContainerState,
  containersOf,
  type Ended,
  ended,
  liveOf,
  newContainer,
  probesOf,
  type RoledContainer,
} from './container-machine.ts';
import type { FoundContainer, FoundSandbox, PodState, SandboxState } from './pod-state-plan.ts';
import { adoptResize, allocatedBefore, outdatedOf } from './resize-plan.ts';

const timeMs = (text: string | undefined, fallback: number) => (text ? Date.parse(text) : fallback);

function apiStatusOf(pod: Pod, name: string): ApiContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses].find((s) => s.name === name);
}

const bareId = (id: string | undefined) => id?.replace(/^[a-z-]+:\/\//, '') ?? '';

function endedFrom(found: FoundContainer): Ended {
  const known = found.state === 'exited';
  return {
    id: found.id,
    exitCode: known ? found.exitCode : 137,
    reason: known ? found.reason : 'ContainerStatusUnknown',
    message: found.message,
    startedAtMs: found.startedAtMs,
    finishedAtMs: found.finishedAtMs || found.startedAtMs,
  };
}

/** The runtime has lost the container: the API's word on it is all there is. */
function fromApi(api: ApiContainerStatus, nowMs: number): ContainerState {
  const base = { ...newContainer, attempts: api.containerID ? api.restartCount + 1 : api.restartCount };
  const { terminated, running } = api.state ?? {};
  if (terminated) {
    return ended(base, {
      id: '',
      exitCode: terminated.exitCode,
      reason: terminated.reason ?? '',
      message: terminated.message ?? '',
      startedAtMs: timeMs(terminated.startedAt, nowMs),
      finishedAtMs: timeMs(terminated.finishedAt, nowMs),
    });
  }
  if (!running) return base;
  return ended(base, {
    id: '',
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
    startedAtMs: timeMs(running.startedAt, nowMs),
    finishedAtMs: nowMs,
  });
}

function adoptContainer(roled: RoledContainer, pod: Pod, all: readonly FoundContainer[], nowMs: number): ContainerState {
  const mine = all.filter((c) => c.name === roled.spec.name).sort((a, b) => a.attempt - b.attempt);
  const api = apiStatusOf(pod, roled.spec.name);
  const newest = mine.at(-1);
  if (!newest) return api ? fromApi(api, nowMs) : newContainer;
  const older = mine.slice(0, -1);
  const lastEnded = older.filter((c) => c.state === 'exited').at(-1);
  const base: ContainerState = {
    ...newContainer,
    attempts: Math.max(newest.attempt + 1, api?.containerID ? api.restartCount + 1 : 0),
    last: lastEnded && endedFrom(lastEnded),
    image: newest.image,
    imageId: newest.imageId,
    dead: older.map((c) => c.id),
  };
  if (newest.state === 'created') return { ...base, attempts: newest.attempt, dead: [...base.dead, newest.id] };
  if (newest.state !== 'running') return ended(base, endedFrom(newest));
  const same = bareId(api?.containerID) === newest.id;
  const probes = probesOf(roled.spec);
  const started = same ? api?.started !== false : !probes.includes('startup');
  const ready = started && (same ? api?.ready === true : !probes.includes('readiness'));
  const resources = (same ? api?.resources : undefined) ?? roled.spec.resources;
  const { id, startedAtMs, specImage } = newest;
  return { ...base, run: { at: 'running', id, startedAtMs, specImage, resources, started, ready } };
}

/** Later containers prove that earlier init containers had finished, even where the runtime has forgotten them. */
function settleInit(pod: Pod, containers: Record<string, ContainerState>, nowMs: number): void {
  const order = containersOf(pod).filter((c) => c.role !== 'ephemeral');
  const proof = order.findLastIndex(({ spec }) => liveOf((containers[spec.name] ?? newContainer).run) !== undefined);
  for (const { spec } of order.slice(0, Math.max(proof, 0)).filter((c) => c.role === 'init')) {
    const state = containers[spec.name];
    if (state?.run.at !== 'waiting') continue;
    const end: Ended = { id: '', exitCode: 0, reason: 'Completed', message: '', startedAtMs: nowMs, finishedAtMs: nowMs };
    containers[spec.name] = ended({ ...state, attempts: Math.max(state.attempts, 1) }, end);
  }
}

function adoptSandbox(sandboxes: readonly FoundSandbox[]): SandboxState {
  const newest = [...sandboxes].sort((a, b) => a.attempt - b.attempt || a.createdAtMs - b.createdAtMs).at(-1);
  if (!newest) return { at: 'none', attempt: 0 };
  const { id, attempt, ips } = newest;
  return newest.ready ? { at: 'ready', attempt, id, ips } : { at: 'lost', attempt, id };
}

/**
 * The state of a pod rebuilt from what the runtime has and what the API says: after a restart of the agent nothing that runs is
 * touched. Volumes are mounted again, which changes nothing where they are.
 */
export function adopt(
  before: PodState,
  found: { sandboxes: readonly FoundSandbox[]; containers: readonly FoundContainer[] },
  nowMs: number,
): PodState {
  const state = { ...before, pod: allocatedBefore(before.asked) };
  const containers: Record<string, ContainerState> = {};
  for (const roled of containersOf(state.pod)) {
    containers[roled.spec.name] = adoptContainer(roled, state.pod, found.containers, nowMs);
  }
  settleInit(state.pod, containers, nowMs);
  const phase = state.pod.status?.phase;
  const alive = Object.values(containers).some((c) => liveOf(c.run));
  const settled = !alive && (phase === 'Succeeded' || phase === 'Failed');
  const adopted: PodState = {
    ...state,
    stage: settled ? { at: 'releasing', cause: { kind: 'settled' } } : { at: 'active' },
    sandbox: adoptSandbox(found.sandboxes),
    containers,
  };
  return { ...adopted, resize: adoptResize(state.pod, outdatedOf(adopted).length === 0) };
}
