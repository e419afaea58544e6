import type { Clock } from '../../base/clock.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import type { Admission } from '../registry/deps.ts';

/** Who is told how long plugins take, and by which clock. */
export interface AdmissionObservation {
  readonly clock: Pick<Clock, 'monotonic'>;
  plugin(name: string, step: 'admit' | 'validate', operation: AdmissionRequest['operation'], seconds: number, rejected: boolean): void;
  step(step: 'admit' | 'validate', operation: AdmissionRequest['operation'], seconds: number, rejected: boolean): void;
}

/**
 * Runs plugins in their order: every `mutate`, later every `validate`. The first refusal ends the request. Once anything from outside changed the object,
 * every `mutate` runs a second time (Kubernetes: Dynamic Admission Control, "Reinvocation policy").
 */
export function admissionChain(plugins: readonly AdmissionPlugin[], observe?: AdmissionObservation): Admission {
  const mutating = plugins.filter((plugin) => plugin.mutate !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  const outbound = plugins.filter((plugin) => plugin.callsOut !== undefined);
  const mutateOnce = async (request: AdmissionRequest, again: boolean): Promise<boolean> => {
    let changed = false;
    using watch = stopwatch('admit', request, observe);
    for (const plugin of mutating) {
      watch.begins(plugin);
      const result = plugin.mutate?.(request, again);
      if ((result instanceof Promise ? await result : result) === 'changed') changed = true;
    }
    watch.passed();
    return changed;
  };
  const settling = plugins.filter((plugin) => plugin.settled !== undefined);
  return {
    async mutate(request: AdmissionRequest) {
      if (await mutateOnce(request, false)) await mutateOnce(request, true);
    },
    async validate(request: AdmissionRequest) {
      using watch = stopwatch('validate', request, observe);
      for (const plugin of validating) {
        watch.begins(plugin);
        const pending = plugin.validate?.(request);
        if (pending) await pending;
      }
      watch.passed();
    },
    callsOut: (operation, request) => outbound.some((plugin) => plugin.callsOut?.(operation, request)),
    settled(request: AdmissionRequest) {
      for (const plugin of settling) plugin.settled?.(request);
    },
  };
}

/** One look at the clock for each plugin: where one ends the next begins. */
interface Stopwatch extends Disposable {
  begins(plugin: AdmissionPlugin): void;
  /** No plugin refused. */
  passed(): void;
}

const NOT_WATCHED: Stopwatch = { begins() {}, passed() {}, [Symbol.dispose]() {} };

function stopwatch(step: 'admit' | 'validate', { operation }: AdmissionRequest, observe: AdmissionObservation | undefined): Stopwatch {
  if (!observe) return NOT_WATCHED;
  const { clock } = observe;
  const startMs = clock.monotonic();
  let sinceMs = startMs;
  let running: AdmissionPlugin | undefined;
  const ends = (rejected: boolean, next?: AdmissionPlugin) => {
    const nowMs = clock.monotonic();
    if (running) observe.plugin(running.name, step, operation, (nowMs - sinceMs) / 1000, rejected);
    running = next;
    sinceMs = nowMs;
  };
  let passed = false;
  return {
    begins: (plugin) => ends(false, plugin),
    passed() {
      passed = true;
    },
    [Symbol.dispose]() {
      ends(!passed);
      observe.step(step, operation, (sinceMs - startMs) / 1000, !passed);
    },
  };
}
