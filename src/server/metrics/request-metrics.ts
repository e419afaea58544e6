import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Distribution, doubling } from '../../base/distribution.ts';
import { countsOf, Family, histogramsOf, histogramValues, registerValues, type Value } from './metric-values.ts';

/** Names and buckets are upstream's, so that its dashboards and alerts work. */
const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** Upstream's for what was not held up by others. */
const SLI_BUCKETS = DURATION_BUCKETS.filter((seconds) => seconds >= 0.05);
const WATCH_LIST_BUCKETS = [0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 15, 20, 30, 45, 60];
/** Of answers, in bytes. */
const SIZES = doubling(1000, 7, 10);
/** Each sample wakes the process: prom-client's 10 ms are a hundred wake-ups a second on an idle box. */
const EVENT_LOOP_SAMPLE_MS = 500;
/** From a kilobyte on. */
const EVENT_SIZES = doubling(1024, 8);

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
  /** `All`, or empty. */
  readonly dry_run: string;
}

export interface RequestMetrics {
  /** `heldUpSeconds`: what of it the request waited for webhooks and for its turn. */
  finished(labels: RequestLabels, code: number, seconds: number, heldUpSeconds?: number): void;
  /** Of a read that is answered at once: how large the answer is that goes out. */
  answered(labels: RequestLabels, bytes: number): void;
  /** The server ended the request to protect itself: it took too long (504), or there was no room for it (429). */
  terminated(labels: RequestLabels, code: 429 | 504): void;
  /** Call the result when the request is answered. */
  begun(kind: 'mutating' | 'readOnly'): () => void;
  /** A version that is deprecated was asked for. */
  requestedDeprecated(labels: RequestLabels): void;
  /** Where the sizes of events that watches of the resource send are told, in bytes. */
  watchEvents(labels: Pick<RequestLabels, 'group' | 'version' | 'resource'>): Distribution;
  /** A watch that begins with everything there is has sent that. */
  watchListed(labels: Pick<RequestLabels, 'group' | 'version' | 'resource' | 'scope'>, seconds: number): void;
  /** Call the result when the watch or stream ends. */
  longRunning(labels: RequestLabels): () => void;
  render(): Promise<{ contentType: string; text: string }>;
  readonly registry: Registry;
}

/** What came of requests. */
class RequestSeries {
  readonly codes = new Map<number, number>();
  readonly duration = new Distribution(DURATION_BUCKETS);
}

/** Requests of one kind; dry runs are counted apart where upstream does so. */
class KindSeries {
  readonly real = new RequestSeries();
  dry: RequestSeries | undefined;
  readonly terminations = new Map<number, number>();
  readonly undisturbed = new Distribution(SLI_BUCKETS);
  /** Of reads. */
  sizes: Distribution | undefined;
}

const count = (counts: Map<number, number>, code: number): void => void counts.set(code, (counts.get(code) ?? 0) + 1);

const withoutDryRun = ({ dry_run: _, ...labels }: RequestLabels) => ({ ...labels, component: 'apiserver' });

function kindOf(kinds: Family<KindSeries>, labels: RequestLabels): KindSeries {
  const { verb, group, version, resource, subresource, scope } = labels;
  const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope}`;
  return kinds.find(key) ?? kinds.of(key, () => withoutDryRun(labels));
}

export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  const kinds = new Family(() => new KindSeries());
  registerRequests(registry, kinds);
  registerSizes(registry, kinds);
  registerServices(registry, kinds);
  const watched = new Family(() => new Distribution(EVENT_SIZES));
  registerWatched(registry, watched);
  const listed = new Histogram({
    name: 'apiserver_watch_list_duration_seconds',
    help: 'Response latency distribution in seconds for watch list requests broken by group, version, resource and scope.',
    labelNames: ['group', 'version', 'resource', 'scope'],
    buckets: WATCH_LIST_BUCKETS,
    registers: [registry],
  });
  const registers = [registry];
  const running = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component. Not all requests are tracked this way.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'],
    registers,
  });
  const deprecated = new Gauge({
    name: 'apiserver_requested_deprecated_apis',
    help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
    labelNames: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    registers,
  });
  const underWay = { mutating: 0, readOnly: 0 };
  new Gauge({
    name: 'apiserver_current_inflight_requests',
    help: 'Maximal number of currently used inflight request limit of this apiserver per request kind in last second.',
    labelNames: ['request_kind'],
    registers,
    collect() {
      for (const [kind, count] of Object.entries(underWay)) this.set({ request_kind: kind }, count);
    },
  });
  return {
    registry,
    finished(labels, code, seconds, heldUpSeconds = 0) {
      const kind = kindOf(kinds, labels);
      if (labels.dry_run) kind.dry ??= new RequestSeries();
      const { codes, duration } = (labels.dry_run && kind.dry) || kind.real;
      count(codes, code);
      duration.observe(seconds);
      kind.undisturbed.observe(Math.max(seconds - heldUpSeconds, 0));
    },
    answered(labels, bytes) {
      const kind = kindOf(kinds, labels);
      kind.sizes ??= new Distribution(SIZES);
      kind.sizes.observe(bytes);
    },
    terminated(labels, code) {
      count(kindOf(kinds, labels).terminations, code);
    },
    begun(kind) {
      underWay[kind] += 1;
      return () => {
        underWay[kind] -= 1;
      };
    },
    requestedDeprecated({ group, version, resource, subresource }) {
      deprecated.set({ group, version, resource, subresource, removed_release: '' }, 1);
    },
    watchEvents({ group, version, resource }) {
      return watched.of(`${group}/${version}/${resource}`, () => ({ group, version, resource }));
    },
    watchListed: ({ group, version, resource, scope }, seconds) => listed.observe({ group, version, resource, scope }, seconds),
    longRunning(labels) {
      const all = withoutDryRun(labels);
      running.inc(all);
      return () => running.dec(all);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

const codesOf = (labels: object, codes: ReadonlyMap<number, number>): Value[] =>
  [...codes].map(([code, value]) => ({ labels: { ...labels, code }, value }));

/** Dry runs and others, as far as there were any. */
const runsOf = (kinds: Family<KindSeries>) =>
  [...kinds.all].flatMap(({ labels, value: { real, dry } }) => [
    ...(real.codes.size > 0 ? [{ labels: { ...labels, dry_run: '' }, run: real }] : []),
    ...(dry ? [{ labels: { ...labels, dry_run: 'All' }, run: dry }] : []),
  ]);

function registerRequests(registry: Registry, kinds: Family<KindSeries>): void {
  const total = {
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
  };
  registerValues(registry, { ...total, type: 'counter' }, () => runsOf(kinds).flatMap(({ labels, run }) => codesOf(labels, run.codes)));
  const duration = {
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, dry run value, group, version, resource, subresource, scope and component.',
  };
  registerValues(registry, { ...duration, type: 'histogram' }, () =>
    runsOf(kinds).flatMap(({ labels, run }) => histogramValues(duration.name, labels, run.duration)),
  );
}

function registerSizes(registry: Registry, kinds: Family<KindSeries>): void {
  const name = 'apiserver_response_sizes';
  const help = 'Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.';
  registerValues(registry, { name, help, type: 'histogram' }, () =>
    [...kinds.all].flatMap(({ labels, value: { sizes } }) => (sizes ? histogramValues(name, labels, sizes) : [])),
  );
}

function registerServices(registry: Registry, kinds: Family<KindSeries>): void {
  const sli = {
    name: 'apiserver_request_sli_duration_seconds',
    help: 'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
  };
  registerValues(registry, { ...sli, type: 'histogram' }, () =>
    [...kinds.all].flatMap(({ labels, value }) => histogramValues(sli.name, labels, value.undisturbed)),
  );
  const terminations = {
    name: 'apiserver_request_terminations_total',
    help: 'Number of requests which apiserver terminated in self-defense.',
  };
  registerValues(registry, { ...terminations, type: 'counter' }, () =>
    [...kinds.all].flatMap(({ labels, value }) => codesOf(labels, value.terminations)),
  );
}

function registerWatched(registry: Registry, watched: Family<Distribution>): void {
  registerValues(registry, { name: 'apiserver_watch_events_total', help: 'Number of events sent in watch clients', type: 'counter' }, () =>
    countsOf(watched),
  );
  const name = 'apiserver_watch_events_sizes';
  registerValues(registry, { name, help: 'Watch event size distribution in bytes', type: 'histogram' }, () => histogramsOf(name, watched));
}
