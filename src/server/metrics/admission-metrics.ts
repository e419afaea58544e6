import type { Registry } from 'prom-client';
import { Distribution } from '../../base/distribution.ts';
import { histogramValues, registerValues, type Value } from './metric-values.ts';

/** Half of admission: plugins that change objects, and those that judge them. */
export type AdmissionStep = 'admit' | 'validate';

/** Told how long each plugin took, and each half with all of its plugins. */
export interface AdmissionMetrics {
  plugin(name: string, step: AdmissionStep, operation: string, seconds: number, rejected: boolean): void;
  step(step: AdmissionStep, operation: string, seconds: number, rejected: boolean): void;
}

/** Upstream's buckets. */
const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

const HELP = {
  controller:
    'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
  step: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
};

/** The durations of one plugin, or of a half: by operation, then by half and outcome. No text is made to find one: every plugin is observed for every write. */
class Durations {
  readonly #byOperation = new Map<string, (Distribution | undefined)[]>();

  observe(step: AdmissionStep, operation: string, seconds: number, rejected: boolean): void {
    let slots = this.#byOperation.get(operation);
    if (!slots) {
      slots = SLOTS.map(() => undefined);
      this.#byOperation.set(operation, slots);
    }
    const slot = (step === 'admit' ? 0 : 2) + (rejected ? 1 : 0);
    slots[slot] ??= new Distribution(SECONDS);
    slots[slot].observe(seconds);
  }

  values(metric: string, labels: object): Value[] {
    return [...this.#byOperation].flatMap(([operation, slots]) =>
      SLOTS.flatMap(({ type, rejected }, i) => {
        const seen = slots[i];
        return seen ? histogramValues(metric, { ...labels, type, operation, rejected }, seen) : [];
      }),
    );
  }
}

const SLOTS = (['admit', 'validate'] as const).flatMap((type) => [false, true].map((rejected) => ({ type, rejected })));

/** Upstream's stable metrics of admission (apiserver, admission/metrics). */
export function admissionMetrics(registry: Registry): AdmissionMetrics {
  const plugins = new Map<string, Durations>();
  const steps = new Durations();
  const register = (which: keyof typeof HELP, values: (metric: string) => Value[]) => {
    const name = `apiserver_admission_${which}_admission_duration_seconds`;
    registerValues(registry, { name, help: HELP[which], type: 'histogram' }, () => values(name));
  };
  register('controller', (metric) => [...plugins].flatMap(([name, durations]) => durations.values(metric, { name })));
  register('step', (metric) => steps.values(metric, {}));
  return {
    plugin(name, step, operation, seconds, rejected) {
      let durations = plugins.get(name);
      if (!durations) {
        durations = new Durations();
        plugins.set(name, durations);
      }
      durations.observe(step, operation, seconds, rejected);
    },
    step: (step, operation, seconds, rejected) => steps.observe(step, operation, seconds, rejected),
  };
}
