import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { admissionChain } from '../admission/chain.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import { admissionMetrics } from './admission-metrics.ts';

it('tells how long each plugin took, which one refused, and how long all of them took', async () => {
  const clock = fakeClock();
  const registry = new Registry();
  const taking = (name: string, ms: number, refusal?: Error): AdmissionPlugin => ({
    name,
    async validate() {
      await clock.advance(ms);
      if (refusal) throw refusal;
    },
  });
  const plugins = [taking('Quick', 10), taking('Slow', 200, new Error('no')), taking('Never', 0)];
  const chain = admissionChain(plugins, { ...admissionMetrics(registry), clock });
  const request = { operation: 'CREATE' } as AdmissionRequest;
  await expect(chain.validate(request)).rejects.toThrow('no');
  await chain.mutate(request);
  const text = await registry.metrics();
  const plugin = (name: string, rejected: boolean) => `{name="${name}",type="validate",operation="CREATE",rejected="${rejected}"}`;
  for (const line of [
    `apiserver_admission_controller_admission_duration_seconds_sum${plugin('Quick', false)} 0.01`,
    `apiserver_admission_controller_admission_duration_seconds_sum${plugin('Slow', true)} 0.2`,
    'apiserver_admission_step_admission_duration_seconds_sum{type="validate",operation="CREATE",rejected="true"} 0.21',
    'apiserver_admission_step_admission_duration_seconds_count{type="admit",operation="CREATE",rejected="false"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toContain('Never');
});
