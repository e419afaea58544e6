import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { isRuntimeNotFound } from '../../runtime/runtime.ts';
import type { ProbeTarget } from '../probes/probe-target.ts';
import type { Prober } from '../probes/prober.ts';
import { type Exit, type ExitReader, readExit } from './exits.ts';

/** What is left for SIGTERM when preStop used the grace up (the kubelet's minimum). */
const LEAST_AFTER_HOOK_SECONDS = 2;

export interface StopperOptions extends ExitReader {
  readonly prober: Pick<Prober, 'runHook'>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StopRequest {
  readonly pod: Pod;
  readonly spec: Container;
  readonly id: string;
  readonly graceSeconds: number;
  readonly preStop: boolean;
  readonly target: ProbeTarget;
  readonly report: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/**
 * preStop within the grace, then SIGTERM, what is left of the grace, SIGKILL (Kubernetes, "Pod Lifecycle: termination").
 * Tried again until the runtime has done it. Undefined: overtaken by another stop or the agent ends.
 */
export async function stopContainer(options: StopperOptions, request: StopRequest, signal: AbortSignal): Promise<Exit | undefined> {
  const { runtime, clock, log } = options;
  const { pod, spec, id, graceSeconds } = request;
  const began = clock.monotonic();
  if (request.preStop && spec.lifecycle?.preStop && graceSeconds > 0) await runPreStop(options, request, signal);
  const delays = backoff({ firstMs: 500, maxMs: 10_000 });
  while (!signal.aborted) {
    const left = graceSeconds - Math.floor((clock.monotonic() - began) / 1000);
    const timeout = graceSeconds === 0 ? 0 : Math.max(left, Math.min(LEAST_AFTER_HOOK_SECONDS, graceSeconds));
    try {
      await runtime.stopContainer(id, timeout, { signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isRuntimeNotFound(error)) log.warn({ pod: pod.metadata?.name, container: spec.name, error }, 'container could not be stopped');
    }
    const exit = await readExit(options, { pod, spec, id, nowMs: clock.now() }, { signal }).catch(() => undefined);
    if (exit) return exit;
    await clock.sleep(delays.next(), { signal }).catch(() => {});
  }
  return undefined;
}

async function runPreStop({ prober, clock }: StopperOptions, request: StopRequest, signal: AbortSignal): Promise<void> {
  const { spec, target, graceSeconds, report } = request;
  const hook = spec.lifecycle?.preStop;
  if (!hook) return;
  const late = new AbortController();
  using _timer = clock.timer(graceSeconds * 1000, () => late.abort(new Error('the grace period is over')));
  try {
    await prober.runHook(hook, target, { signal: AbortSignal.any([signal, late.signal]) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) report('Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`);
  }
}
