import type { Pod } from '../../api/schema/generated/types.ts';
import { holdsPlace, planAdmission } from './admission-plan.ts';
import type { PodEnvironment } from './pod-context.ts';
import { PREEMPTED, planEntry } from './preemption-plan.ts';
import { inResizeOrder, wantsResize } from './resize-plan.ts';
import type { PodWorker } from './worker.ts';

/** The node gives a pod that has to go its grace and half of that, at least this, before it takes the next one in all the same. */
const LEAST_PATIENCE_MS = 10_000;

/**
 * Lets pods onto the node one after the other, or refuses them. A critical pod that there is no room for has others make it first; whoever comes meanwhile
 * waits until it is in.
 */
export class Admission {
  readonly #env: PodEnvironment;
  readonly #onNode: () => Iterable<PodWorker>;
  readonly #waiting: PodWorker[] = [];
  #clearing: Promise<void> | undefined;

  /** `onNode`: every pod that the node has, those that wait here among them. */
  constructor(env: PodEnvironment, onNode: () => Iterable<PodWorker>) {
    this.#env = env;
    this.#onNode = onNode;
  }

  admit(worker: PodWorker, signal: AbortSignal): void {
    this.#waiting.push(worker);
    this.#proceed(signal);
  }

  /** Resolves when no room is being made any more. */
  async drained(): Promise<void> {
    while (this.#clearing) await this.#clearing;
  }

  #proceed(signal: AbortSignal): void {
    while (!this.#clearing && !signal.aborted) {
      const worker = this.#waiting.shift();
      if (!worker) return;
      this.#decide(worker, signal);
    }
  }

  /** Sets aside what pods on the node ask for now instead of what they have, as far as there is room. To be called whenever that may have changed. */
  resize(): void {
    const asking = [...this.#onNode()].filter(({ state }) => wantsResize(state));
    for (const worker of inResizeOrder(asking)) {
      const podsOf = this.#othersOf(worker).map(({ state }) => state.pod);
      const [obstacle] = planAdmission(worker.state.asked, this.#env.facts.node(), podsOf);
      worker.send(obstacle ? { type: 'resizeDeferred', message: obstacle.message } : { type: 'resizeAllowed' });
    }
  }

  #othersOf(worker: PodWorker): PodWorker[] {
    return [...this.#onNode()].filter((other) => other !== worker && !this.#waiting.includes(other) && holdsPlace(other.state));
  }

  #decide(worker: PodWorker, signal: AbortSignal): void {
    const others = this.#othersOf(worker);
    const podsOf = others.map(({ state }) => state.pod);
    const entry = planEntry(worker.state.pod, this.#env.facts.node(), podsOf);
    if ('reason' in entry) worker.reject(entry);
    else if (entry.victims.length === 0) worker.start();
    else {
      const victims = others.filter(({ state }) => entry.victims.includes(state.pod));
      this.#clearing = this.#clear(victims, signal).finally(() => {
        this.#clearing = undefined;
        worker.start();
        this.#proceed(signal);
      });
    }
  }

  async #clear(victims: readonly PodWorker[], signal: AbortSignal): Promise<void> {
    await Promise.all(victims.map((victim) => this.#evict(victim, signal)));
  }

  async #evict(victim: PodWorker, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#env;
    const patience = new AbortController();
    const patienceMs = Math.max(LEAST_PATIENCE_MS, graceMs(victim.state.pod) * 1.5);
    const late = clock.sleep(patienceMs, { signal: AbortSignal.any([signal, patience.signal]) }).then(
      () => true,
      () => false,
    );
    const left = victim.evict(PREEMPTED).then(() => false);
    if (await Promise.race([left, late])) {
      log.warn({ pod: victim.key }, 'a pod that was to make room did not end in time');
      victim.event('Warning', 'ExceededGracePeriod', 'Container runtime did not kill the pod within specified grace period.');
    }
    patience.abort();
  }
}

const graceMs = ({ spec }: Pod): number => Number(spec?.terminationGracePeriodSeconds ?? 30) * 1000;
