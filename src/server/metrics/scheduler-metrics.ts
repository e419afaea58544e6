import type { Registry } from 'prom-client';
import { Distribution, doubling } from '../../base/distribution.ts';
import { countsOf, Family, histogramsOf, histogramValues, registerValues, type Value } from './metric-values.ts';

/** What scheduler/scheduler-metrics.ts tells and shows. */
export interface SchedulerMetrics {
  attempted(result: string, profile: string, seconds: number): void;
  decided(seconds: number): void;
  permitted(result: string, seconds: number): void;
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
  readonly cached: { readonly nodes: number; readonly pods: number; readonly assumed: number };
  readonly evaluated: Iterable<{ readonly plugin: string; readonly point: string; readonly profile: string; readonly count: number }>;
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

/** What was told so far. */
class Told {
  readonly attempts = new Family(() => new Distribution(ATTEMPT_SECONDS));
  readonly slis = new Family(() => new Distribution(SLI_SECONDS));
  readonly points = new Family(() => new Distribution(POINT_SECONDS));
  readonly permits = new Family(() => new Distribution(ATTEMPT_SECONDS));
  readonly incoming = new Family<Counted>(() => ({ count: 0 }));
  readonly decisions = new Distribution(ATTEMPT_SECONDS);
  readonly turns = new Distribution(ATTEMPTS);
  readonly victims = new Distribution(VICTIMS);
  preemptions = 0;
  state: (() => ShownState) | undefined;
}

/** Upstream's stable and beta metrics of the scheduler (kube-scheduler, metrics), and some of its alpha ones. */
export function schedulerMetrics(registry: Registry): SchedulerMetrics {
  const told = new Told();
  registerCounters(registry, told);
  registerHistograms(registry, told);
  registerState(registry, told);
  return {
    decided: (seconds) => told.decisions.observe(seconds),
    permitted: (result, seconds) => told.permits.of(result, () => ({ result })).observe(seconds),
    attempted: (result, profile, seconds) => told.attempts.of(`${result} ${profile}`, () => ({ result, profile })).observe(seconds),
    scheduled(count, seconds) {
      told.turns.observe(count);
      const label = count > MOST_ATTEMPTS ? `${MOST_ATTEMPTS}+` : String(count);
      told.slis.of(label, () => ({ attempts: label })).observe(seconds);
    },
    incoming(queue, event) {
      told.incoming.of(`${queue} ${event}`, () => ({ queue, event })).count += 1;
    },
    preempted(count) {
      told.preemptions += 1;
      if (count !== undefined) told.victims.observe(count);
    },
    extensionPoint(point, status, profile, seconds) {
      told.points.of(`${point} ${status} ${profile}`, () => ({ extension_point: point, status, profile })).observe(seconds);
    },
    shows(state) {
      told.state = state;
    },
  };
}

function registerCounters(registry: Registry, told: Told): void {
  const counter = (name: string, help: string, values: () => Value[]) => registerValues(registry, { name, help, type: 'counter' }, values);
  counter(
    'scheduler_schedule_attempts_total',
    "Number of attempts to schedule pods, by the result. 'unschedulable' means a pod could not be scheduled, while 'error' means an internal scheduler problem.",
    () => countsOf(told.attempts),
  );
  counter('scheduler_preemption_attempts_total', 'Total preemption attempts in the cluster till now', () => [
    { labels: {}, value: told.preemptions },
  ]);
  counter('scheduler_queue_incoming_pods_total', 'Number of pods added to scheduling queues by event and queue type.', () =>
    [...told.incoming.all].map(({ labels, value }) => ({ labels, value: value.count })),
  );
}

function registerHistograms(registry: Registry, { attempts, slis, points, permits, decisions, turns, victims }: Told): void {
  const family = (name: string, help: string, members: Family<Distribution>) =>
    registerValues(registry, { name, help, type: 'histogram' }, () => histogramsOf(name, members));
  const single = (name: string, help: string, one: Distribution) =>
    registerValues(registry, { name, help, type: 'histogram' }, () => histogramValues(name, {}, one));
  family(
    'scheduler_scheduling_attempt_duration_seconds',
    'Scheduling attempt latency in seconds (scheduling algorithm + binding)',
    attempts,
  );
  family(
    'scheduler_pod_scheduling_sli_duration_seconds',
    'E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue and might involve multiple scheduling attempts.',
    slis,
  );
  family('scheduler_framework_extension_point_duration_seconds', 'Latency for running all plugins of a specific extension point.', points);
  family('scheduler_permit_wait_duration_seconds', 'Duration of waiting on permit.', permits);
  single('scheduler_scheduling_algorithm_duration_seconds', 'Scheduling algorithm latency in seconds', decisions);
  single('scheduler_pod_scheduling_attempts', 'Number of attempts to successfully schedule a pod.', turns);
  single('scheduler_preemption_victims', 'Number of selected preemption victims', victims);
}

/** Nothing is shown before there is a scheduler. */
function registerState(registry: Registry, told: Told): void {
  const shown = (type: 'gauge' | 'counter', name: string, help: string, values: (now: ShownState) => Value[]) =>
    registerValues(registry, { name, help, type }, () => (told.state ? values(told.state()) : []));
  shown(
    'gauge',
    'scheduler_pending_pods',
    "Number of pending pods, by the queue type. 'active' means number of pods in activeQ; 'backoff' means number of pods in backoffQ; 'unschedulable' means number of pods in unschedulablePods that the scheduler attempted to schedule and failed; 'gated' is the number of unschedulable pods that the scheduler never attempted to schedule because they are gated.",
    ({ pending }) => Object.entries(pending).map(([queue, value]) => ({ labels: { queue }, value })),
  );
  shown(
    'gauge',
    'scheduler_unschedulable_pods',
    'The number of unschedulable pods broken down by plugin name. A pod will increment the gauge for all plugins that caused it to not schedule and so this metric have meaning only when broken down by plugin.',
    ({ refused }) => [...refused].map(({ plugin, profile, pods }) => ({ labels: { plugin, profile }, value: pods })),
  );
  shown('gauge', 'scheduler_goroutines', 'Number of running goroutines split by the work they do such as binding.', ({ bindings }) => [
    { labels: { operation: 'binding' }, value: bindings },
  ]);
  shown('gauge', 'scheduler_cache_size', 'Number of nodes, pods, and assumed (bound) pods in the scheduler cache.', ({ cached }) => [
    { labels: { type: 'nodes' }, value: cached.nodes },
    { labels: { type: 'pods' }, value: cached.pods },
    { labels: { type: 'assumed_pods' }, value: cached.assumed },
  ]);
  shown(
    'counter',
    'scheduler_plugin_evaluation_total',
    'Number of attempts to schedule pods by each plugin and the extension point (available only in PreFilter, Filter, PreScore, and Score).',
    ({ evaluated }) =>
      [...evaluated].map(({ plugin, point, profile, count }) => ({ labels: { plugin, extension_point: point, profile }, value: count })),
  );
}
