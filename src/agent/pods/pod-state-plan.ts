import type { Pod, ResourceRequirements } from '../../api/schema/generated/types.ts';
import { type ContainerState, containersOf, newContainer, type ProbeKind } from './container-machine.ts';

/** Why a pod stops running on this node. */
export type Cause =
  /** Its object is being deleted, or has vanished (force deletion). */
  | { readonly kind: 'deleted' }
  /** Its containers have all ended for good. */
  | { readonly kind: 'completed' }
  /** It had ended before this agent saw it; the status that it has stays. */
  | { readonly kind: 'settled' }
  /** The node did not let it in. */
  | { readonly kind: 'rejected'; readonly reason: string; readonly message: string }
  /** The node ends it: deadline, eviction. `disruption`: message of the condition that says that it was not the pod's doing. */
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string; readonly disruption?: string };

export type Stage =
  /** What the runtime has of it is not known yet. */
  | { readonly at: 'new' }
  | { readonly at: 'active' }
  | { readonly at: 'terminating'; readonly cause: Cause; readonly deadlineMs: number; readonly graceSeconds: number }
  /** Containers are down; sandbox, volumes and cgroup are being given back. */
  | { readonly at: 'releasing'; readonly cause: Cause }
  /** Nothing runs and nothing is held but ended containers, for their logs. */
  | { readonly at: 'ended'; readonly cause: Cause }
  /** The object is to go: ended containers, logs and directories are being removed. */
  | { readonly at: 'removing'; readonly cause: Cause }
  | { readonly at: 'finalising'; readonly cause: Cause }
  | { readonly at: 'finalised'; readonly cause: Cause };

export type VolumesState =
  | { readonly at: 'unmounted' }
  | { readonly at: 'mounting'; readonly failures: number }
  | { readonly at: 'failed'; readonly message: string; readonly retryAtMs: number; readonly failures: number }
  | { readonly at: 'mounted' };

export type SandboxState =
  | { readonly at: 'none'; readonly attempt: number }
  | { readonly at: 'creating'; readonly attempt: number; readonly failures: number }
  | { readonly at: 'failed'; readonly attempt: number; readonly message: string; readonly retryAtMs: number; readonly failures: number }
  | { readonly at: 'ready'; readonly attempt: number; readonly id: string; readonly ips: readonly string[] }
  /** It died. What ran in it is stopped, then it is dropped and a new one made. */
  | { readonly at: 'lost'; readonly attempt: number; readonly id: string }
  | { readonly at: 'dropping'; readonly attempt: number; readonly id: string };

/** What of a resize is not done yet (resize-plan.ts). */
export interface ResizeState {
  /** The node has no room for what `asked` wants. */
  readonly pending?: { readonly message: string; readonly generation: number; readonly sinceMs: number };
  /** Set aside, and not yet what all containers have. `generation`: of the object that asked for it. */
  readonly inProgress?: {
    readonly generation: number;
    readonly failures: number;
    /** The runtime is being told. */
    readonly isUnderWay?: boolean;
    /** The pod's cgroup has it. */
    readonly isApplied?: boolean;
    readonly error?: string;
    readonly retryAtMs?: number;
  };
}

export interface PodState {
  readonly stage: Stage;
  /** The API's object, with the resources that the node has set aside. */
  readonly pod: Pod;
  /** The API's object as it is. */
  readonly asked: Pod;
  readonly resize: ResizeState;
  /** `gone`: the API has no such object any more. */
  readonly object: 'present' | 'gone';
  readonly startTimeMs: number;
  readonly volumes: VolumesState;
  readonly sandbox: SandboxState;
  readonly containers: Readonly<Record<string, ContainerState>>;
}

/** A container that the runtime has, as found when the agent starts. */
export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly sandboxId: string;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageId: string;
  readonly specImage: string;
}
export interface FoundSandbox {
  readonly id: string;
  readonly attempt: number;
  readonly ready: boolean;
  readonly createdAtMs: number;
  readonly ips: readonly string[];
}

export type PodEvent =
  | { readonly type: 'podChanged'; readonly pod: Pod }
  | { readonly type: 'podGone' }
  /** Whether the node has room for the resources that the object asks for now. */
  | { readonly type: 'resizeAllowed' }
  | { readonly type: 'resizeDeferred'; readonly message: string }
  /** What containers were given in place. */
  | { readonly type: 'resized'; readonly done: Readonly<Record<string, ResourceRequirements>>; readonly error?: string }
  | { readonly type: 'found'; readonly sandboxes: readonly FoundSandbox[]; readonly containers: readonly FoundContainer[] }
  | { readonly type: 'rejected'; readonly reason: string; readonly message: string }
  /** The node ends a pod that runs, within its own grace. */
  | { readonly type: 'evicted'; readonly reason: string; readonly message: string; readonly disruption: string }
  | { readonly type: 'volumesMounted' }
  | { readonly type: 'volumesFailed'; readonly message: string }
  | { readonly type: 'sandboxReady'; readonly id: string; readonly ips: readonly string[] }
  | { readonly type: 'sandboxFailed'; readonly message: string }
  | { readonly type: 'sandboxLost'; readonly id: string }
  | { readonly type: 'sandboxDropped'; readonly id: string }
  | {
      readonly type: 'containerStarted';
      readonly name: string;
      readonly id: string;
      readonly startedAtMs: number;
      readonly specImage: string;
      readonly resources: ResourceRequirements | undefined;
      readonly image: string;
      readonly imageId: string;
    }
  /** No instance came to run. With `ended`, one was created and could not be started. */
  | {
      readonly type: 'startFailed';
      readonly name: string;
      readonly reason: string;
      readonly message: string;
      readonly retryAtMs?: number;
      readonly ended?: { readonly id: string; readonly exitCode: number };
    }
  | { readonly type: 'hookDone'; readonly name: string; readonly id: string; readonly error?: string }
  | {
      readonly type: 'containerExited';
      readonly name: string;
      readonly id: string;
      readonly exitCode: number;
      readonly reason: string;
      readonly message: string;
      readonly startedAtMs: number;
      readonly finishedAtMs: number;
    }
  | {
      readonly type: 'probed';
      readonly name: string;
      readonly id: string;
      readonly kind: ProbeKind;
      readonly ok: boolean;
    }
  | { readonly type: 'released' }
  | { readonly type: 'removed' }
  | { readonly type: 'finalised' }
  /** Time has passed: `nextWakeMs` was reached. */
  | { readonly type: 'tick' };

export type PodEffect =
  /** Cgroup, directories and volumes. Answers volumesMounted or volumesFailed. */
  | { readonly do: 'mountVolumes' }
  | { readonly do: 'runSandbox'; readonly attempt: number }
  /** Stops a dead sandbox and removes it with its containers but the newest. Answers sandboxDropped. */
  | { readonly do: 'dropSandbox'; readonly id: string; readonly keep: readonly string[] }
  /** Image, creation and start. Answers containerStarted or startFailed. `remove`: ended instances that go first. */
  | {
      readonly do: 'startContainer';
      readonly name: string;
      readonly attempt: number;
      readonly sandboxId: string;
      readonly ips: readonly string[];
      readonly remove: readonly string[];
    }
  /** Answers hookDone. */
  | { readonly do: 'runPostStart'; readonly name: string; readonly id: string }
  /** preStop within the grace, SIGTERM, grace, SIGKILL. Answers containerExited. A second one with less grace overtakes the first. */
  | {
      readonly do: 'stopContainer';
      readonly name: string;
      readonly id: string;
      readonly graceSeconds: number;
      readonly preStop: boolean;
      /** Message of the Killing event. */
      readonly why: string;
    }
  /** Gives running containers, and the pod's cgroup, the resources that are set aside. Answers resized. */
  | { readonly do: 'resize'; readonly names: readonly string[] }
  | { readonly do: 'startProbes'; readonly name: string; readonly id: string; readonly kinds: readonly ProbeKind[] }
  | { readonly do: 'stopProbes'; readonly name: string; readonly kinds: readonly ProbeKind[] }
  /** Gives up pulls, mounts and sandbox creation that are under way. Each still answers. */
  | { readonly do: 'abandonSetup' }
  /** Stops sandboxes, unmounts volumes, removes the cgroup; retried until it is done. Answers released. */
  | { readonly do: 'release' }
  /** Removes sandboxes, containers, logs and directories. Answers removed. */
  | { readonly do: 'remove' }
  /** The last status, then the deletion with grace 0. Answers finalised. */
  | { readonly do: 'finalise' }
  | {
      readonly do: 'report';
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
      readonly container?: string;
    };

export type Step = [state: PodState, effects: PodEffect[]];

export function newPod(pod: Pod, nowMs: number): PodState {
  const known = pod.status?.startTime ? Date.parse(pod.status.startTime) : Number.NaN;
  return {
    stage: { at: 'new' },
    pod,
    asked: pod,
    resize: {},
    object: 'present',
    startTimeMs: Number.isNaN(known) ? nowMs : known,
    volumes: { at: 'unmounted' },
    sandbox: { at: 'none', attempt: 0 },
    containers: Object.fromEntries(containersOf(pod).map(({ spec }) => [spec.name, newContainer])),
  };
}

export const containerOf = (state: PodState, name: string): ContainerState => state.containers[name] ?? newContainer;

export const withContainer = (state: PodState, name: string, container: ContainerState): PodState => ({
  ...state,
  containers: { ...state.containers, [name]: container },
});

/** `name_namespace(uid)`: how the kubelet's messages call a pod. */
export const podFormat = (pod: Pod): string => `${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})`;

export const isDeleting = (state: PodState): boolean => state.object === 'gone' || state.pod.metadata?.deletionTimestamp !== undefined;
