import type {
  ContainerState as ApiState,
  ContainerStateTerminated,
  ContainerStatus,
  ResourceRequirements,
} from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { type ContainerState, type Ended, liveOf, type RoledContainer } from './container-machine.ts';

/** How the runtime is called in container ids. */
export const RUNTIME_NAME = 'containerd';

const fullId = (id: string) => (id === '' ? undefined : `${RUNTIME_NAME}://${id}`);

function terminated(end: Ended): ContainerStateTerminated {
  return {
    exitCode: end.exitCode,
    reason: end.reason || (end.exitCode === 0 ? 'Completed' : 'Error'),
    ...(end.message && { message: end.message }),
    ...(end.startedAtMs > 0 && { startedAt: rfc3339(end.startedAtMs) }),
    ...(end.finishedAtMs > 0 && { finishedAt: rfc3339(end.finishedAtMs) }),
    ...(end.id && { containerID: fullId(end.id) }),
  };
}

/** `untried`: the reason shown for a container that nothing was tried with yet. */
function stateOf(state: ContainerState, untried: string): ApiState {
  const { run } = state;
  switch (run.at) {
    case 'waiting':
      return { waiting: { reason: untried } };
    case 'delayed':
    case 'starting':
      return { waiting: { reason: run.reason, ...(run.message && { message: run.message }) } };
    case 'hooked':
      return { waiting: { reason: untried === 'PodInitializing' ? 'PodInitializing' : 'ContainerCreating' } };
    case 'running':
    case 'stopping':
      return { running: { startedAt: rfc3339(run.startedAtMs) } };
    case 'exited':
      return { terminated: terminated(run.ended) };
  }
}

/** The end before the current instance: for a container that has ended, the end before that one is not kept. */
function lastOf({ run, last }: ContainerState, previous: ContainerStatus | undefined): ApiState {
  if (run.at !== 'exited') return last ? { terminated: terminated(last) } : {};
  return previous?.lastState ?? {};
}

export interface StatusInput {
  readonly state: ContainerState;
  readonly untried: string;
  readonly previous: ContainerStatus | undefined;
}

/** ContainerStatus as the kubelet writes it (API reference, Pod v1, ContainerStatus). */
export function containerStatus({ spec, role }: RoledContainer, { state, untried, previous }: StatusInput): ContainerStatus {
  const { run } = state;
  const live = liveOf(run);
  const id = live?.id ?? (run.at === 'exited' ? run.ended.id : (state.last?.id ?? ''));
  const succeededInit = role === 'init' && run.at === 'exited' && run.ended.exitCode === 0;
  return {
    name: spec.name,
    image: state.image || (spec.image ?? ''),
    imageID: state.imageId,
    restartCount: Math.max(0, state.attempts - 1),
    ready: succeededInit || (role !== 'init' && live?.ready === true),
    started: live?.started ?? false,
    state: stateOf(state, untried),
    lastState: lastOf(state, previous),
    ...(id && { containerID: fullId(id) }),
    ...(live && role !== 'ephemeral' && resourcesOf(spec.resources?.requests, live.resources)),
  };
}

/** What it has, and the requests that are set aside for it. */
function resourcesOf(allocated: Record<string, string> | undefined, actual: ResourceRequirements = {}): Partial<ContainerStatus> {
  return { resources: actual, ...(allocated && { allocatedResources: allocated }) };
}
