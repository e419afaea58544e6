import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { type ContainerStatus, isRuntimeNotFound, type Runtime } from '../../runtime/runtime.ts';
import type { PodEvent } from './pod-state-plan.ts';
import type { PodStorage } from './ports.ts';

export interface ExitReader {
  readonly runtime: Runtime;
  readonly storage: PodStorage;
}

export type Exit = Extract<PodEvent, { type: 'containerExited' }>;

/** The exit of a container whose status the runtime gave. */
export async function exitFrom({ storage }: ExitReader, pod: Pod, spec: Container, status: ContainerStatus): Promise<Exit> {
  const { id, exitCode, startedAtMs, finishedAtMs, metadata } = status;
  const left = await storage.terminationMessage(pod, spec, { attempt: metadata.attempt, exitCode }).catch(() => '');
  const reason = status.reason || (exitCode === 0 ? 'Completed' : 'Error');
  return { type: 'containerExited', name: spec.name, id, exitCode, reason, message: left || status.message, startedAtMs, finishedAtMs };
}

/** How a container ended; undefined while it runs. One that the runtime does not know any more counts as killed. */
export async function readExit(
  reader: ExitReader,
  target: { pod: Pod; spec: Container; id: string; nowMs: number },
  options: { signal: AbortSignal },
): Promise<Exit | undefined> {
  const { pod, spec, id, nowMs } = target;
  try {
    const status = await reader.runtime.containerStatus(id, options);
    return status.state === 'running' || status.state === 'created' ? undefined : await exitFrom(reader, pod, spec, status);
  } catch (error) {
    if (!isRuntimeNotFound(error)) throw error;
    const times = { startedAtMs: 0, finishedAtMs: nowMs };
    const message = 'The container could not be located when the pod was terminated';
    return { type: 'containerExited', name: spec.name, id, exitCode: 137, reason: 'ContainerStatusUnknown', message, ...times };
  }
}
