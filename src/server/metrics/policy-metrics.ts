import { Counter, Histogram, type Registry } from 'prom-client';
import type { PolicyCheck } from '../admission/policies/checks.ts';

/** Upstream's: from reading one field to an expression at its limit. */
const BUCKETS = [0.0000005, 0.001, 0.01, 0.1, 1];

export interface PolicyMetrics {
  validated(check: PolicyCheck): void;
  mutated(check: PolicyCheck): void;
  register(registry: Registry): void;
}

/** Upstream's metrics of admission policies (apiserver, policy/validating/metrics and policy/mutating/metrics). They are made before the server that shows them. */
export function createPolicyMetrics(): PolicyMetrics {
  const validating = checksOf('validating', {
    total: 'Validation admission policy check total, labeled by policy and further identified by binding and enforcement action taken.',
    duration:
      'Validation admission latency for individual validation expressions in seconds, labeled by policy and further including binding and enforcement action taken.',
    labels: ['enforcement_action'],
  });
  const mutating = checksOf('mutating', {
    total: 'Mutation admission policy check total, labeled by policy and further identified by binding.',
    duration: 'Mutation admission latency for individual mutation expressions in seconds, labeled by policy and binding.',
    labels: [],
  });
  return {
    validated: validating.observe,
    mutated: mutating.observe,
    register(registry) {
      for (const metric of [...validating.metrics, ...mutating.metrics]) registry.registerMetric(metric);
    },
  };
}

function checksOf(which: 'validating' | 'mutating', { total, duration, labels }: { total: string; duration: string; labels: string[] }) {
  const prefix = `apiserver_${which}_admission_policy_check`;
  const labelNames = ['policy', 'policy_binding', 'error_type', ...labels];
  const registers: Registry[] = [];
  const checks = new Counter({ name: `${prefix}_total`, help: total, labelNames, registers });
  const seconds = new Histogram({ name: `${prefix}_duration_seconds`, help: duration, labelNames, buckets: BUCKETS, registers });
  return {
    metrics: [checks, seconds],
    observe({ policy, binding, error, action, seconds: took }: PolicyCheck) {
      const about = { policy, policy_binding: binding, error_type: error, ...(action && { enforcement_action: action }) };
      checks.inc(about);
      seconds.observe(about, took);
    },
  };
}
