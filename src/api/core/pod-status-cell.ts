import { since } from '../meta/duration.ts';
import type { ContainerStatus, Pod } from '../schema/generated/types.ts';

/** What `kubectl get pods` says about a pod in READY, STATUS and RESTARTS. */
export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** Milliseconds since the epoch of the last exit that led to a restart. */
  readonly lastRestartMs: number | undefined;
}

interface Tally {
  restarts: number;
  lastRestartMs: number | undefined;
}

const conditionIs = (pod: Pod, type: string) => pod.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

function addRestarts(tally: Tally, status: ContainerStatus): void {
  tally.restarts += status.restartCount;
  const finished = Date.parse(status.lastState?.terminated?.finishedAt ?? '');
  if (!Number.isNaN(finished)) tally.lastRestartMs = Math.max(tally.lastRestartMs ?? 0, finished);
}

const exitCell = (terminated: { reason?: string; signal?: number; exitCode: number }): string =>
  terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`);

interface InitProgress {
  readonly reason: string | undefined;
  readonly ready: number;
  readonly all: Tally;
  /** Of sidecars alone: only these keep counting once the pod is initialized. */
  readonly sidecars: Tally;
}

function initProgress(pod: Pod): InitProgress {
  const sidecarNames = new Set(pod.spec?.initContainers?.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const all: Tally = { restarts: 0, lastRestartMs: undefined };
  const sidecars: Tally = { restarts: 0, lastRestartMs: undefined };
  let ready = 0;
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = sidecarNames.has(status.name);
    addRestarts(all, status);
    if (sidecar) addRestarts(sidecars, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecar && status.started) {
      if (status.ready) ready++;
      continue;
    }
    const waits = waiting?.reason && waiting.reason !== 'PodInitializing' ? waiting.reason : undefined;
    const reason = terminated ? exitCell(terminated) : (waits ?? `${index}/${pod.spec?.initContainers?.length ?? 0}`);
    return { reason: `Init:${reason}`, ready, all, sidecars };
  }
  return { reason: undefined, ready, all, sidecars };
}

/** The first container in the spec's order that is not simply running has the word; one that completed leaves it to those that run or failed. */
function containersReason(pod: Pod, reason: string): string {
  let running = false;
  let failure = '';
  let word = reason;
  for (const { state, ready } of (pod.status?.containerStatuses ?? []).toReversed()) {
    if (state?.waiting?.reason) word = state.waiting.reason;
    else if (state?.terminated) {
      word = exitCell(state.terminated);
      if (state.terminated.exitCode !== 0) failure = word;
    } else if (ready && state?.running) running = true;
  }
  if (word !== 'Completed') return word;
  if (running && conditionIs(pod, 'Ready')) return 'Running';
  return failure || (running ? 'NotReady' : word);
}

function deletionReason(pod: Pod, reason: string): string {
  if (!pod.metadata?.deletionTimestamp) return reason;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed' ? reason : 'Terminating';
}

/** Source of the rules: the API server's printer for pods. */
export function summarizePod(pod: Pod): PodSummary {
  const status = pod.status ?? {};
  const total = (pod.spec?.containers.length ?? 0) + (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').length;
  const gated = status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated');
  const phase = gated ? 'SchedulingGated' : status.reason || (status.phase ?? '');
  const init = initProgress(pod);
  if (init.reason !== undefined && !conditionIs(pod, 'Initialized')) {
    return { ready: init.ready, total, status: deletionReason(pod, init.reason), ...init.all };
  }
  const tally = { ...init.sidecars };
  for (const container of status.containerStatuses ?? []) addRestarts(tally, container);
  const ready = init.ready + (status.containerStatuses ?? []).filter((c) => c.ready && c.state?.running).length;
  return { ready, total, status: deletionReason(pod, containersReason(pod, init.reason ?? phase)), ...tally };
}

/** `3 (5m ago)`. */
export function restartsCell({ restarts, lastRestartMs }: PodSummary, nowMs: number): string {
  if (restarts === 0 || lastRestartMs === undefined) return String(restarts);
  return `${restarts} (${since(new Date(lastRestartMs).toISOString(), nowMs)} ago)`;
}
