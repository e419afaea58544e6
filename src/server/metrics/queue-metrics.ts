import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

interface ShownQueue {
  readonly depth: number;
  workingSeconds(): readonly number[];
}

/** What client/run-controllers.ts tells of the controllers' queues. */
export interface QueueMetrics {
  added(queue: string): void;
  started(queue: string, waitedSeconds: number): void;
  reconciled(queue: string, result: 'success' | 'requeue_after' | 'error', seconds: number): void;
  shows(queue: string, now: ShownQueue): void;
}

/** Upstream's: from a hundredth of a microsecond, each ten times the one before. */
const BUCKETS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];

/** Upstream's metrics of work queues (component-base, prometheus/workqueue). A reconcile costs far more than counting it. */
export function queueMetrics(registry: Registry): QueueMetrics {
  const common = { labelNames: ['name'], registers: [registry] };
  const queues = new Map<string, ShownQueue>();
  const shown = (name: string, help: string, value: (queue: ShownQueue) => number) =>
    new Gauge({
      name,
      help,
      ...common,
      collect() {
        for (const [queue, now] of queues) this.set({ name: queue }, value(now));
      },
    });
  shown('workqueue_depth', 'Current depth of workqueue', ({ depth }) => depth);
  shown(
    'workqueue_unfinished_work_seconds',
    "How many seconds of work has done that is in progress and hasn't been observed by work_duration. Large values indicate stuck threads. One can deduce the number of stuck threads by observing the rate at which this increases.",
    (queue) => queue.workingSeconds().reduce((sum, seconds) => sum + seconds, 0),
  );
  shown(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    (queue) => Math.max(0, ...queue.workingSeconds()),
  );
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
    shows: (name, queue) => void queues.set(name, queue),
  };
}
