import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What client/run-controllers.ts tells of the controllers' queues. */
export interface QueueMetrics {
  added(queue: string): void;
  started(queue: string, waitedSeconds: number): void;
  reconciled(queue: string, result: 'success' | 'requeue_after' | 'error', seconds: number): void;
  depth(queue: string, keys: number): void;
}

/** Upstream's: from a hundredth of a microsecond, each ten times the one before. */
const BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];

/** Upstream's metrics of work queues (component-base, prometheus/workqueue). A reconcile costs far more than counting it. */
export function queueMetrics(registry: Registry): QueueMetrics {
  const common = { labelNames: ['name'], registers: [registry] };
  // Told at every change of an object, asked for now and then.
  const depths = new Map<string, number>();
  new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue',
    ...common,
    collect() {
      for (const [name, keys] of depths) this.set({ name }, keys);
    },
  });
  const adds = new Counter({ name: 'workqueue_adds_total', help: 'Total number of adds handled by workqueue', ...common });
  const retries = new Counter({ name: 'workqueue_retries_total', help: 'Total number of retries handled by workqueue', ...common });
  const waited = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    buckets: BUCKETS,
    ...common,
  });
  const worked = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    buckets: BUCKETS,
    ...common,
  });
  return {
    added: (name) => adds.inc({ name }),
    started: (name, seconds) => waited.observe({ name }, seconds),
    reconciled(name, result, seconds) {
      worked.observe({ name }, seconds);
      if (result === 'error') retries.inc({ name });
    },
    depth: (name, keys) => void depths.set(name, keys),
  };
}
