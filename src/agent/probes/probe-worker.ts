import type { Container, Probe } from '../../api/schema/generated/types.ts';
import { isAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import {
  firstDelayMs,
  initialProbe,
  type ProbeKind,
  type ProbeResult,
  periodMs,
  probesOf,
  stepProbe,
  waitsForStartup,
} from './probe-machine.ts';
import type { ProbeAnswer, ProbeTarget } from './probe-target.ts';
import type { Prober } from './prober.ts';

export interface ProbeWorkerOptions {
  readonly container: Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;
  readonly target: ProbeTarget;
  /** When this container started, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** An earlier agent started it, and its startup probe is known to have succeeded already, or not. Absent: it was started just now. */
  readonly adopted?: { readonly hasStarted: boolean };
  readonly prober: Pick<Prober, 'probe'>;
  readonly clock: Clock;
  readonly random: Random;
  /** What the probe holds of the container has changed. Failed startup and liveness probes are told once: the container is to be restarted. */
  readonly onResult: (kind: ProbeKind, result: Exclude<ProbeResult, 'unknown'>, message: string) => void;
  /** How every single probe went. Absent: nobody counts. */
  readonly onAnswer?: (kind: ProbeKind, outcome: ProbeAnswer['outcome']) => void;
  /** Unhealthy and ProbeWarning. */
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

export interface ProbeWorker {
  /** Asks until the signal aborts; ends by itself when nothing is left to ask. Never rejects. */
  run(options: { signal: AbortSignal }): Promise<void>;
}

/** All probes of one container, for as long as that container lives: a restarted container gets a new worker. */
export function createProbeWorker(options: ProbeWorkerOptions): ProbeWorker {
  const { container, target, prober, clock, random, onResult, event, adopted } = options;

  async function runProbe(kind: ProbeKind, probe: Probe, signal: AbortSignal): Promise<ProbeResult> {
    let state = initialProbe(kind, adopted !== undefined);
    const jitter = adopted ? random() : 0;
    const firstMs = firstDelayMs(probe, { startedAtMs: options.startedAtMs, nowMs: clock.now(), jitter });
    if (firstMs > 0) await clock.sleep(firstMs, { signal });
    for (;;) {
      const askedMs = clock.monotonic();
      const answer = await prober.probe(probe, target, { signal });
      signal.throwIfAborted();
      tell(kind, answer);
      options.onAnswer?.(kind, answer.outcome);
      const [next, news] = stepProbe(state, answer.outcome, probe);
      state = next;
      if (news && news !== 'unknown') onResult(kind, news, answer.message);
      if (state.done) return state.result;
      await clock.sleep(Math.max(0, periodMs(probe) - (clock.monotonic() - askedMs)), { signal });
    }
  }

  function tell(kind: ProbeKind, { outcome, message }: ProbeAnswer): void {
    const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    if (outcome === 'failure') event('Warning', 'Unhealthy', `${name} probe failed: ${message}`);
    if (outcome === 'unknown') event('Warning', 'Unhealthy', `${name} probe errored and resulted in unknown state: ${message}`);
    if (outcome === 'warning') event('Warning', 'ProbeWarning', `${name} probe warning: ${message}`);
  }

  return {
    async run({ signal }) {
      const probes = probesOf(container);
      const startup = probes.find(([kind]) => kind === 'startup')?.[1];
      const quiet = async (work: Promise<unknown>) => {
        await work.catch((error: unknown) => {
          if (!isAbort(error, signal)) throw error;
        });
      };
      const runAll = async () => {
        if (startup && !adopted?.hasStarted && (await runProbe('startup', startup, signal)) !== 'success') return;
        await Promise.all(probes.filter(([kind]) => waitsForStartup(kind)).map(([kind, probe]) => quiet(runProbe(kind, probe, signal))));
      };
      await quiet(runAll());
    },
  };
}
