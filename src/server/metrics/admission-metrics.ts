import type { Registry } from 'prom-client';
import { Distribution } from '../../base/distribution.ts';
import { Family, histogramsOf, registerValues } from './metric-values.ts';

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

/** Upstream's stable metrics of admission (apiserver, admission/metrics). */
export function admissionMetrics(registry: Registry): AdmissionMetrics {
  const series = (which: keyof typeof HELP) => {
    const family = new Family(() => new Distribution(SECONDS));
    const name = `apiserver_admission_${which}_admission_duration_seconds`;
    registerValues(registry, { name, help: HELP[which], type: 'histogram' }, () => histogramsOf(name, family));
    return family;
  };
  const [plugins, steps] = [series('controller'), series('step')];
  return {
    plugin(name, type, operation, seconds, rejected) {
      const key = `${name} ${type} ${operation} ${rejected}`;
      const known = plugins.find(key) ?? plugins.of(key, () => ({ name, type, operation, rejected }));
      known.observe(seconds);
    },
    step(type, operation, seconds, rejected) {
      const key = `${type} ${operation} ${rejected}`;
      const known = steps.find(key) ?? steps.of(key, () => ({ type, operation, rejected }));
      known.observe(seconds);
    },
  };
}
