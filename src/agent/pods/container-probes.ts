import type { Container } from '../../api/schema/generated/types.ts';
import type { ProbeTarget } from '../probes/probe-target.ts';
import { createProbeWorker, type ProbeWorkerOptions } from '../probes/probe-worker.ts';
import type { LiveContainer, ProbeKind } from './container-machine.ts';

type Shared = Pick<ProbeWorkerOptions, 'prober' | 'clock' | 'random'>;

export interface ProbedContainer extends Pick<ProbeWorkerOptions, 'onResult' | 'onAnswer' | 'event'> {
  readonly spec: Container;
  readonly live: LiveContainer;
  readonly target: ProbeTarget;
  /** An earlier agent started it. */
  readonly isAdopted: boolean;
}

/** The probes of one pod's running containers: one worker each, which asks the startup probe first and the others after it. */
export class ContainerProbes {
  readonly #shared: Shared;
  readonly #running = new Map<string, { id: string; stop: AbortController }>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** The work of asking; undefined when the container is being asked already. */
  start({ spec, live, target, isAdopted, onResult, onAnswer, event }: ProbedContainer, signal: AbortSignal): Promise<void> | undefined {
    const running = this.#running.get(spec.name);
    if (running?.id === live.id) return undefined;
    running?.stop.abort();
    const stop = new AbortController();
    this.#running.set(spec.name, { id: live.id, stop });
    const worker = createProbeWorker({
      container: spec,
      target,
      startedAtMs: live.startedAtMs,
      ...(isAdopted && { adopted: { hasStarted: live.started } }),
      ...this.#shared,
      onResult,
      onAnswer,
      event,
    });
    return worker.run({ signal: AbortSignal.any([signal, stop.signal]) });
  }

  /** What liveness says of a pod that is being stopped the machine passes over; readiness goes on until the end. */
  stop(name: string, kinds: readonly ProbeKind[]): void {
    if (!kinds.includes('readiness')) return;
    this.#running.get(name)?.stop.abort();
    this.#running.delete(name);
  }

  stopAll(): void {
    for (const { stop } of this.#running.values()) stop.abort();
    this.#running.clear();
  }
}
