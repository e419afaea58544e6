import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { controllerMetrics } from './controller-metrics.ts';

it('counts what controllers tell under upstream names', async () => {
  const registry = new Registry();
  const metrics = controllerMetrics(registry);
  metrics.jobSynced('Indexed', 'success', 'pods_created', 0.005);
  metrics.jobFinished('NonIndexed', 'failed', 'BackoffLimitExceeded');
  metrics.jobPodsFinished('NonIndexed', 'succeeded', 3);
  metrics.cronJobStarted(1.5);
  metrics.nodeEvicted('r:z');
  const text = await registry.metrics();
  for (const line of [
    'job_controller_job_syncs_total{completion_mode="Indexed",result="success",action="pods_created"} 1',
    'job_controller_job_sync_duration_seconds_bucket{le="0.004",completion_mode="Indexed",result="success",action="pods_created"} 0',
    'job_controller_job_sync_duration_seconds_bucket{le="0.008",completion_mode="Indexed",result="success",action="pods_created"} 1',
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",result="failed",reason="BackoffLimitExceeded"} 1',
    'job_controller_job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 3',
    'cronjob_controller_job_creation_skew_duration_seconds_bucket{le="2"} 1',
    'node_collector_evictions_total{zone="r:z"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
});
