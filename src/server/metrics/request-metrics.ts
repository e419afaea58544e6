import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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
  finished(labels: RequestLabels, code: number, seconds: number): void;
  /** Call the result when the watch or stream ends. */
  longRunning(labels: RequestLabels): () => void;
  render(): Promise<{ contentType: string; text: string }>;
  readonly registry: Registry;
}

export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS });
  const registers = [registry];
  const names = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'];
  const total = new Counter({
    name: 'apiserver_request_total',
    help: 'Counter of apiserver requests broken out for each verb, group, version, resource, scope, component, and HTTP response code.',
    labelNames: [...names, 'component', 'code'],
    registers,
  });
  const duration = new Histogram({
    name: 'apiserver_request_duration_seconds',
    help: 'Response latency distribution in seconds for each verb, group, version, resource, subresource, scope and component.',
    labelNames: [...names, 'component'],
    buckets: DURATION_BUCKETS,
    registers,
  });
  const running = new Gauge({
    name: 'apiserver_longrunning_requests',
    help: 'Gauge of all active long-running apiserver requests broken out by verb, group, version, resource, scope and component.',
    labelNames: [...names, 'component'],
    registers,
  });
  return {
    registry,
    finished(labels, code, seconds) {
      total.inc({ ...labels, component: 'apiserver', code });
      duration.observe({ ...labels, component: 'apiserver' }, seconds);
    },
    longRunning(labels) {
      const all = { ...labels, component: 'apiserver' };
      running.inc(all);
      return () => running.dec(all);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
