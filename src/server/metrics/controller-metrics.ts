import { Counter, Histogram, type Registry } from 'prom-client';
import { doubling } from '../../base/distribution.ts';

/** What controllers/lib/controller-observer.ts tells. */
export interface ControllerMetrics {
  jobSynced(completion_mode: string, result: string, action: string, seconds: number): void;
  jobFinished(completion_mode: string, result: string, reason: string): void;
  jobPodsFinished(completion_mode: string, result: string, pods: number): void;
  cronJobStarted(skewSeconds: number): void;
  nodeEvicted(zone: string): void;
}

const SYNC = ['completion_mode', 'result', 'action'];

/** Upstream's stable metrics of the controllers of Jobs, CronJobs and nodes (kube-controller-manager). */
export function controllerMetrics(registry: Registry): ControllerMetrics {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) => new Counter({ name, help, labelNames, registers });
  const syncs = counter('job_controller_job_syncs_total', 'The number of job syncs', SYNC);
  const seconds = new Histogram({
    name: 'job_controller_job_sync_duration_seconds',
    help: 'The time it took to sync a job',
    labelNames: SYNC,
    buckets: doubling(0.004, 15),
    registers,
  });
  const finished = counter('job_controller_jobs_finished_total', 'The number of finished jobs', ['completion_mode', 'result', 'reason']);
  const pods = counter('job_controller_job_pods_finished_total', 'The number of finished Pods that are fully tracked', [
    'completion_mode',
    'result',
  ]);
  const skew = new Histogram({
    name: 'cronjob_controller_job_creation_skew_duration_seconds',
    help: 'Time between when a cronjob is scheduled to be run, and when the corresponding job is created',
    buckets: doubling(1, 10),
    registers,
  });
  const evictions = counter(
    'node_collector_evictions_total',
    'Number of Node evictions that happened since current instance of NodeController started.',
    ['zone'],
  );
  return {
    jobSynced(completion_mode, result, action, took) {
      syncs.inc({ completion_mode, result, action });
      seconds.observe({ completion_mode, result, action }, took);
    },
    jobFinished: (completion_mode, result, reason) => finished.inc({ completion_mode, result, reason }),
    jobPodsFinished: (completion_mode, result, count) => pods.inc({ completion_mode, result }, count),
    cronJobStarted: (late) => skew.observe(late),
    nodeEvicted: (zone) => evictions.inc({ zone }),
  };
}
