import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createPolicyMetrics } from './policy-metrics.ts';

it('counts and times checks of both kinds of policies, under the labels of upstream', async () => {
  const metrics = createPolicyMetrics();
  const registry = new Registry();
  metrics.register(registry);
  metrics.validated({ policy: 'p', binding: 'b', error: 'invalid_error', action: 'deny', seconds: 0.005 });
  metrics.mutated({ policy: 'm', binding: 'b', error: 'no_error', seconds: 0.005 });
  const page = await registry.metrics();
  expect(page).toContain(
    'apiserver_validating_admission_policy_check_total{policy="p",policy_binding="b",error_type="invalid_error",enforcement_action="deny"} 1',
  );
  expect(page).toContain('apiserver_validating_admission_policy_check_duration_seconds_bucket{le="0.01",policy="p"');
  expect(page).toContain('apiserver_mutating_admission_policy_check_total{policy="m",policy_binding="b",error_type="no_error"} 1');
});
