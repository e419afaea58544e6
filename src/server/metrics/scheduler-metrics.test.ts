import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { schedulerMetrics } from './scheduler-metrics.ts';

it('shows the metrics of a scheduler under upstream’s names, labels and buckets', async () => {
  const registry = new Registry();
  const metrics = schedulerMetrics(registry);
  metrics.attempted('scheduled', 'default-scheduler', 0.003);
  metrics.attempted('scheduled', 'default-scheduler', 100);
  metrics.attempted('unschedulable', 'default-scheduler', 0);
  metrics.decided(0.0015);
  metrics.scheduled(2, 0.5);
  metrics.scheduled(40, 9000);
  metrics.incoming('active', 'NodeAdd');
  metrics.incoming('active', 'NodeAdd');
  metrics.preempted(3);
  metrics.preempted(undefined);
  metrics.extensionPoint('Filter', 'Success', 'default-scheduler', 0.0001);
  metrics.permitted('Unschedulable', 3);
  metrics.shows(() => ({
    pending: { active: 1, gated: 2 },
    refused: [{ plugin: 'P', profile: 'p', pods: 4 }],
    bindings: 5,
    cached: { nodes: 6, pods: 7, assumed: 1 },
    evaluated: [{ plugin: 'P', point: 'Filter', profile: 'p', count: 8 }],
  }));
  const lines = (await registry.metrics()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE scheduler_schedule_attempts_total counter',
      'scheduler_schedule_attempts_total{result="scheduled",profile="default-scheduler"} 2',
      'scheduler_schedule_attempts_total{result="unschedulable",profile="default-scheduler"} 1',
      'scheduler_scheduling_attempt_duration_seconds_bucket{result="scheduled",profile="default-scheduler",le="0.002"} 0',
      'scheduler_scheduling_attempt_duration_seconds_bucket{result="scheduled",profile="default-scheduler",le="0.004"} 1',
      'scheduler_scheduling_attempt_duration_seconds_bucket{result="scheduled",profile="default-scheduler",le="16.384"} 1',
      'scheduler_scheduling_attempt_duration_seconds_bucket{result="scheduled",profile="default-scheduler",le="+Inf"} 2',
      'scheduler_scheduling_algorithm_duration_seconds_bucket{le="0.001"} 0',
      'scheduler_scheduling_algorithm_duration_seconds_bucket{le="0.002"} 1',
      'scheduler_pod_scheduling_sli_duration_seconds_count{attempts="2"} 1',
      'scheduler_pod_scheduling_sli_duration_seconds_sum{attempts="15+"} 9000',
      'scheduler_pod_scheduling_attempts_bucket{le="2"} 1',
      'scheduler_queue_incoming_pods_total{queue="active",event="NodeAdd"} 2',
      'scheduler_preemption_attempts_total 2',
      'scheduler_preemption_victims_bucket{le="4"} 1',
      'scheduler_framework_extension_point_duration_seconds_bucket{extension_point="Filter",status="Success",profile="default-scheduler",le="0.0001"} 1',
      'scheduler_pending_pods{queue="gated"} 2',
      'scheduler_unschedulable_pods{plugin="P",profile="p"} 4',
      'scheduler_goroutines{operation="binding"} 5',
      'scheduler_permit_wait_duration_seconds_sum{result="Unschedulable"} 3',
      'scheduler_cache_size{type="nodes"} 6',
      'scheduler_cache_size{type="assumed_pods"} 1',
      'scheduler_plugin_evaluation_total{plugin="P",extension_point="Filter",profile="p"} 8',
    ]),
  );
});
