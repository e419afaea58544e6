import type { Container, EphemeralContainer, Pod, ResourceRequirements } from '../../api/schema/generated/types.ts';

/** `sidecar`: an init container with restartPolicy Always (KEP-753). */
export type ContainerRole = 'init' | 'sidecar' | 'app' | 'ephemeral';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** How one instance of a container ended. */
export interface Ended {
  readonly id: string;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
}

/** An instance that lives: it has an id in the runtime and a process. */
export interface LiveContainer {
  readonly id: string;
  readonly startedAtMs: number;
  /** The image that the spec named when it was started; another one in the spec means a restart. */
  readonly specImage: string;
  /** What it was started with, or given since. */
  readonly resources: ResourceRequirements | undefined;
  /** The startup probe has passed, or there is none and postStart has ended. */
  readonly started: boolean;
  /** The readiness probe's last word, or `started` where there is none. */
  readonly ready: boolean;
}

/** What one container of a pod is doing. Only `starting`, `running` and `stopping` may have a process. */
export type ContainerRun =
  | { readonly at: 'waiting' }
  | { readonly at: 'delayed'; readonly untilMs: number; readonly reason: string; readonly message: string }
  | { readonly at: 'starting'; readonly attempt: number; readonly reason: string; readonly message: string }
  | ({ readonly at: 'hooked' } & LiveContainer)
  | ({ readonly at: 'running' } & LiveContainer)
  | ({ readonly at: 'stopping'; readonly deadlineMs: number } & LiveContainer)
  | { readonly at: 'exited'; readonly ended: Ended };

export interface ContainerState {
  readonly run: ContainerRun;
  /** Instances made so far; the next one's attempt number, and one more than the restart count. */
  readonly attempts: number;
  /** The most recent end of an instance; shown as lastState while a newer one waits or runs. */
  readonly last: Ended | undefined;
  /** Resolved image of the newest instance: what status calls image and imageID. */
  readonly image: string;
  readonly imageId: string;
  /** The crash back-off that the next restart has to sit out, counted from the end of the instance. */
  readonly crashDelayMs: number;
  readonly lastRestartMs: number;
  /** Image pulls or creations that failed in a row. */
  readonly startFailures: number;
  /** It is being stopped to be started anew, whatever its restart policy makes of its end. */
  readonly again?: boolean;
  /** Ended instances that the runtime still holds, oldest first. The newest is kept for its log. */
  readonly dead: readonly string[];
}

export const newContainer: ContainerState = {
  run: { at: 'waiting' },
  attempts: 0,
  last: undefined,
  image: '',
  imageId: '',
  crashDelayMs: 0,
  lastRestartMs: 0,
  startFailures: 0,
  dead: [],
};

/** Restart back-off of the kubelet: the first restart is immediate, then 10 s doubling to 300 s; forgotten after 10 quiet minutes. */
export const CRASH_FIRST_MS = 10_000;
export const CRASH_MAX_MS = 300_000;
export const CRASH_FORGET_MS = 600_000;

export interface RoledContainer {
  readonly spec: Container;
  readonly role: ContainerRole;
}

const asContainer = (ephemeral: EphemeralContainer): Container => ephemeral as Container;

/** Every container of a pod with its role: init containers in order, app containers, ephemeral containers. */
export function containersOf(pod: Pod): RoledContainer[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = pod.spec ?? { containers: [] };
  return [
    ...initContainers.map((spec): RoledContainer => ({ spec, role: spec.restartPolicy === 'Always' ? 'sidecar' : 'init' })),
    ...containers.map((spec): RoledContainer => ({ spec, role: 'app' })),
    ...ephemeralContainers.map((spec): RoledContainer => ({ spec: asContainer(spec), role: 'ephemeral' })),
  ];
}

export function liveOf(run: ContainerRun): LiveContainer | undefined {
  return run.at === 'running' || run.at === 'hooked' || run.at === 'stopping' ? run : undefined;
}

/** May a process of it exist, now or soon? */
export const isBusy = (run: ContainerRun): boolean => run.at === 'starting' || liveOf(run) !== undefined;

export const probesOf = (spec: Container): ProbeKind[] => [
  ...(spec.startupProbe ? (['startup'] as const) : []),
  ...(spec.readinessProbe ? (['readiness'] as const) : []),
  ...(spec.livenessProbe ? (['liveness'] as const) : []),
];

function ruleMatches(spec: Container, exitCode: number): boolean {
  return (spec.restartPolicyRules ?? []).some((rule) => {
    const codes = rule.exitCodes;
    if (rule.action !== 'Restart' || !codes) return false;
    const listed = (codes.values ?? []).includes(exitCode);
    return codes.operator === 'NotIn' ? !listed : listed;
  });
}

/** Does a container that ended this way run again? Restart policy of the pod, or of the container (KEP-5307). */
export function shouldRestart({ spec, role }: RoledContainer, podPolicy: string | undefined, exitCode: number): boolean {
  if (role === 'ephemeral') return false;
  if (role === 'sidecar') return true;
  if (role === 'init' && exitCode === 0) return false;
  if (ruleMatches(spec, exitCode)) return true;
  const policy = spec.restartPolicy ?? podPolicy ?? 'Always';
  if (policy === 'Never') return false;
  return policy === 'Always' || exitCode !== 0;
}

/** When an ended container may start again, in epoch milliseconds. */
export const restartDueMs = (state: ContainerState, ended: Ended): number => ended.finishedAtMs + state.crashDelayMs;

/** The state of a container after one of its instances ended. */
export function ended(state: ContainerState, end: Ended): ContainerState {
  const quiet = state.lastRestartMs > 0 && end.finishedAtMs - state.lastRestartMs > CRASH_FORGET_MS;
  return {
    ...state,
    run: { at: 'exited', ended: end },
    last: end,
    crashDelayMs: quiet ? 0 : state.crashDelayMs,
    dead: state.dead.includes(end.id) || end.id === '' ? state.dead : [...state.dead, end.id],
  };
}

/** The state of a container whose next instance is being made. */
export function starting(state: ContainerState, nowMs: number, reason: string, message: string): ContainerState {
  const restart = state.run.at === 'exited' || (state.run.at === 'delayed' && state.run.reason === 'CrashLoopBackOff');
  return {
    ...state,
    run: { at: 'starting', attempt: state.attempts, reason, message },
    again: false,
    dead: state.dead.slice(-1),
    ...(restart && {
      lastRestartMs: nowMs,
      crashDelayMs: state.crashDelayMs === 0 ? CRASH_FIRST_MS : Math.min(state.crashDelayMs * 2, CRASH_MAX_MS),
    }),
  };
}
