import type { Container, Pod } from '../../api/schema/generated/types.ts';
import type { ContainerInstance, PodDirectory, RunningContainer } from '../streaming/pod-directory.ts';
import { logPathOf } from './config/container-config.ts';
import { containersOf, liveOf } from './container-machine.ts';
import { containerOf, type PodState } from './pod-state-plan.ts';
import type { PodWorkers } from './pod-workers.ts';
import type { PodStorage } from './ports.ts';

/** Read access to the node's pods for the kubelet's HTTP API. */
export function podDirectory(workers: PodWorkers, storage: PodStorage): PodDirectory {
  const stateOf = (namespace: string, name: string) => workers.find(namespace, name)?.state;

  function instanceOf(state: PodState, container: string): ContainerInstance | undefined {
    const spec = containersOf(state.pod).find((c) => c.spec.name === container)?.spec;
    const { run, attempts, last } = containerOf(state, container);
    const live = liveOf(run);
    const id = live?.id ?? last?.id;
    if (!spec || !id || attempts === 0) return undefined;
    const path = (attempt: number) => `${storage.logDirectory(state.pod)}/${logPathOf(container, attempt)}`;
    const newest = attempts - 1;
    return {
      id,
      running: live !== undefined,
      logPath: path(newest),
      previousLogPath: newest > 0 ? path(newest - 1) : undefined,
      tty: spec.tty === true,
      stdin: spec.stdin === true,
    };
  }

  function runningOf(state: PodState, { name, image = '' }: Container): RunningContainer[] {
    const live = liveOf(containerOf(state, name).run);
    const instance = instanceOf(state, name);
    if (!live || !instance) return [];
    const podUid = state.pod.metadata?.uid ?? '';
    return [{ id: live.id, podUid, name, image, startedAtMs: live.startedAtMs, logPath: instance.logPath }];
  }

  return {
    pods: (): Pod[] => [...workers.all()].filter((w) => w.state.object === 'present').map((w) => w.state.pod),
    sandboxId(namespace, name) {
      const sandbox = stateOf(namespace, name)?.sandbox;
      return sandbox?.at === 'ready' ? sandbox.id : undefined;
    },
    container(namespace, name, container) {
      const state = stateOf(namespace, name);
      return state && instanceOf(state, container);
    },
    running: () => [...workers.all()].flatMap(({ state }) => containersOf(state.pod).flatMap(({ spec }) => runningOf(state, spec))),
  };
}
