import type { Registry } from 'prom-client';
import { Distribution, doubling } from '../../base/distribution.ts';
import { Family, histogramValues, registerValues } from './metric-values.ts';

/** What scheduler/scheduler-metrics.ts tells and shows. */
export interface SchedulerMetrics {
  attempted(result: string, profile: string, seconds: number): void;
  decided(seconds: number): void;
  scheduled(attempts: number, seconds: number): void;
  incoming(place: string, event: string): void;
  preempted(victims: number | undefined): void;
  extensionPoint(point: string, status: string, profile: string, seconds: number): void;
  shows(state: () => ShownState): void;
}

interface ShownState {
  readonly pending: Readonly<Record<string, number>>;
  readonly refused: Iterable<{ readonly plugin: string; readonly profile: string; readonly pods: number }>;
  readonly bindings: number;
}

/** Upstream's buckets. */
const ATTEMPT_SECONDS = doubling(0.001, 15);
const SLI_SECONDS = doubling(0.01, 20);
const POINT_SECONDS = doubling(0.0001, 12);
const ATTEMPTS = doubling(1, 5);
const VICTIMS = doubling(1, 7);
/** Pods with more attempts are one series. */
const MOST_ATTEMPTS = 15;

interface Counted {
  count: number;
}

/** Upstream's stable and beta metrics of the scheduler (kube-scheduler, metrics). */
export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const attempts = new Family(() => new Distribution(ATTEMPT_SECONDS));
  const slis = new Family(() => new Distribution(SLI_SECONDS));
  const points = new Family(() => new Distribution(POINT_SECONDS));
  const incoming = new Family<Counted>(() => ({ count: 0 }));
  const decisions = new Distribution(ATTEMPT_SECONDS);
  const turns = new Distribution(ATTEMPTS);
  const victims = new Distribution(VICTIMS);
  let preemptions = 0;
  let state: (() => ShownState) | undefined;
  const histogram = (name: string, help: string, family: Family<Distribution>) =>
    registerValues(registry, { name, help, type: 'histogram' }, () =>
      [...family.all].flatMap(({ labels, value }) => histogramValues(name, labels, value)),
    );
  const single = (name: string, help: string, one: Distribution) =>
    registerValues(registry, { name, help, type: 'histogram' }, () => histogramValues(name, {}, one));
  const gauge = (name: string, help: string, values: (shown: ShownState) => { labels: object; value: number }[]) =>
    registerValues(registry, { name, help, type: 'gauge' }, () => (state ? values(state()) : []));

  registerValues(
    registry,
    {
      name: 'scheduler_schedule_attempts_total',
      help: "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
      type: 'counter',
    },
    () => [...attempts.all].map(({ labels, value }) => ({ labels, value: value.count })),
  );
  histogram(
    'scheduler_scheduling_attempt_duration_seconds',
    'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    attempts,
  );
  histogram(
    'scheduler_pod_scheduling_sli_duration_seconds',
    'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    slis,
  );
  histogram(
    'scheduler_framework_extension_point_duration_seconds',
    'Latency for running all plugins of a specific extension point.',
    points,
  );
  single('scheduler_scheduling_algorithm_duration_seconds', 'Scheduling algorithm latency in seconds', decisions);
  single('scheduler_pod_scheduling_attempts', 'Number of attempts to successfully schedule a pod.', turns);
  single('scheduler_preemption_victims', 'Number of selected preemption victims', victims);
  registerValues(
    registry,
    { name: 'scheduler_preemption_attempts_total', help: 'Total preemption attempts in the cluster till now', type: 'counter' },
    () => [{ labels: {}, value: preemptions }],
  );
  registerValues(
    registry,
    {
      name: 'scheduler_queue_incoming_pods_total',
      help: 'Number of pods added to scheduling queues by event and queue type.',
      type: 'counter',
    },
    () => [...incoming.all].map(({ labels, value }) => ({ labels, value: value.count })),
  );
  gauge('scheduler_pending_pods', 'Number of pending pods, by the queue type.', ({ pending }) =>
    Object.entries(pending).map(([queue, value]) => ({ labels: { queue }, value })),
  );
  gauge('scheduler_unschedulable_pods', 'The number of unschedulable pods broken down by plugin name.', ({ refused }) =>
    [...refused].map(({ plugin, profile, pods }) => ({ labels: { plugin, profile }, value: pods })),
  );
  gauge('scheduler_goroutines', 'Number of running goroutines split by the work they do such as binding.', ({ bindings }) => [
    { labels: { operation: 'binding' }, value: bindings },
  ]);
  return {
    attempted: (result, profile, seconds) => attempts.of(`${result} ${profile}`, () => ({ result, profile })).observe(seconds),
    decided: (seconds) => decisions.observe(seconds),
    scheduled(count, seconds) {
      turns.observe(count);
      const label = count > MOST_ATTEMPTS ? `${MOST_ATTEMPTS}+` : String(count);
      slis.of(label, () => ({ attempts: label })).observe(seconds);
    },
    incoming(queue, event) {
      incoming.of(`${queue} ${event}`, () => ({ queue, event })).count += 1;
    },
    preempted(count) {
      preemptions += 1;
      if (count !== undefined) victims.observe(count);
    },
    extensionPoint(point, status, profile, seconds) {
      points.of(`${point} ${status} ${profile}`, () => ({ extension_point: point, status, profile })).observe(seconds);
    },
    shows(shown) {
      state = shown;
    },
  };
}
