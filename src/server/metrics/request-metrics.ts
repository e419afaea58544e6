import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { Distribution } from '../../base/distribution.ts';
import { histogramValues, registerValues, type Value } from './metric-values.ts';

/** Names and buckets are upstream's, so that its dashboards and alerts work. */
const DURATION_BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];
/** Each sample wakes the process: prom-client's 10 ms are a hundred wake-ups a second on an idle box. */
const EVENT_LOOP_SAMPLE_MS = 500;

export interface RequestLabels {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly scope: string;
}

export interface RequestMetrics {
  /** `heldUpSeconds`: what of it the request waited for webhooks and for its turn. */
  finished(labels: RequestLabels, code: number, seconds: number, heldUpSeconds?: number): void;
  /** The server ended the request to protect itself: it took too long (504), or there was no room for it (429). */
  terminated(labels: RequestLabels, code: 429 | 504): void;
  /** Call the result when the request is answered. */
  begun(kind: 'mutating' | 'readOnly'): () => void;
  /** A version that is deprecated was asked for. */
  requestedDeprecated(labels: RequestLabels): void;
  /** Call the result when the watch or stream ends. */
  longRunning(labels: RequestLabels): () => void;
  render(): Promise<{ contentType: string; text: string }>;
  readonly registry: Registry;
}

/** Requests of one kind. They are counted here and made into prom-client's form when somebody asks: its own counters cost as much as a small request. */
class RequestSeries {
  readonly labels: RequestLabels & { readonly component: 'apiserver' };
  readonly codes = new Map<number, number>();
  readonly duration = new Distribution(DURATION_BUCKETS);
  readonly undisturbed = new Distribution(DURATION_BUCKETS);

  constructor(labels: RequestLabels) {
    this.labels = { ...labels, component: 'apiserver' };
  }
}

export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  const series = new Map<string, RequestSeries>();
  registerSeries(registry, series);
  const registers = [registry];
  const running = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'],
    registers,
  });
  const deprecated = new Gauge({
    name: 'apiserver_requested_deprecated_apis',
    help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
    labelNames: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    registers,
  });
  const terminations = new Counter({
    name: 'apiserver_request_terminations_total',
    help: 'Number of requests which apiserver terminated in self-defense.',
    labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component', 'code'],
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
      const { verb, group, version, resource, subresource, scope } = labels;
      const key = `${verb} ${group} ${version} ${resource} ${subresource} ${scope}`;
      let one = series.get(key);
      if (!one) {
        one = new RequestSeries(labels);
        series.set(key, one);
      }
      one.codes.set(code, (one.codes.get(code) ?? 0) + 1);
      one.duration.observe(seconds);
      one.undisturbed.observe(Math.max(seconds - heldUpSeconds, 0));
    },
    terminated: (labels, code) => terminations.inc({ ...labels, component: 'apiserver', code }),
    begun(kind) {
      underWay[kind] += 1;
      return () => {
        underWay[kind] -= 1;
      };
    },
    requestedDeprecated({ group, version, resource, subresource }) {
      deprecated.set({ group, version, resource, subresource, removed_release: '' }, 1);
    },
    longRunning(labels) {
      const all = { ...labels, component: 'apiserver' };
      running.inc(all);
      return () => running.dec(all);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}

function registerSeries(registry: Registry, series: ReadonlyMap<string, RequestSeries>): void {
  const register = (name: string, type: 'counter' | 'histogram', help: string, values: (one: RequestSeries) => Value[]) =>
    registerValues(registry, { name, help, type }, () => [...series.values()].flatMap(values));
  register(
    'apiserver_request_total',
    'counter',
    'Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
    ({ labels, codes }) => [...codes].map(([code, value]) => ({ labels: { ...labels, code }, value })),
  );
  register(
    'apiserver_request_duration_seconds',
    'histogram',
    'Response latency distribution in seconds for each verb, group, version, resource, subresource, scope and component.',
    ({ labels, duration }) => histogramValues('apiserver_request_duration_seconds', labels, duration),
  );
  register(
    'apiserver_request_sli_duration_seconds',
    'histogram',
    'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
    ({ labels, undisturbed }) => histogramValues('apiserver_request_sli_duration_seconds', labels, undisturbed),
  );
}
