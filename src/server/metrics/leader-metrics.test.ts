import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { leaderMetrics } from './leader-metrics.ts';

it('shows of each lease whether it is held', async () => {
  const registry = new Registry();
  const leads = leaderMetrics(registry);
  leads('kube-scheduler', false);
  leads('kube-controller-manager', false);
  leads('kube-scheduler', true);
  const text = await registry.metrics();
  expect(text).toContain('leader_election_master_status{name="kube-scheduler"} 1\n');
  expect(text).toContain('leader_election_master_status{name="kube-controller-manager"} 0\n');
});
