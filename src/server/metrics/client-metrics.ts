import type { Registry } from 'prom-client';
import type { Verb } from '../../api/transport.ts';
import { Distribution } from '../../base/distribution.ts';
import { histogramValues, registerValues } from './metric-values.ts';

/** Told of every request through the in-process door, whatever came of it. Of a watch the time is that to its beginning. */
export type ObserveRequest = (verb: Verb, code: number, seconds: number) => void;

/** Upstream's buckets. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
/** In place of an address: these clients have no connection. */
const host = 'in-process';

const METHODS: Readonly<Record<Verb, string>> = {
  create: 'POST',
  delete: 'DELETE',
  deletecollection: 'DELETE',
  get: 'GET',
  list: 'GET',
  patch: 'PATCH',
  update: 'PUT',
  watch: 'GET',
  '': 'OPTIONS',
};

class MethodSeries {
  readonly codes = new Map<number, number>();
  readonly seconds = new Distribution(SECONDS);
}

/** client-go's metrics (component-base, prometheus/restclient) of controllers, scheduler and agent in this process. */
export function clientMetrics(registry: Registry): ObserveRequest {
  const series = new Map(Object.values(METHODS).map((method) => [method, new MethodSeries()]));
  const total = { name: 'rest_client_requests_total', help: 'Number of HTTP requests, partitioned by status code, method, and host.' };
  registerValues(registry, { ...total, type: 'counter' }, () =>
    [...series].flatMap(([method, { codes }]) => [...codes].map(([code, value]) => ({ labels: { code, method, host }, value }))),
  );
  const duration = { name: 'rest_client_request_duration_seconds', help: 'Request latency in seconds. Broken down by verb, and host.' };
  registerValues(registry, { ...duration, type: 'histogram' }, () =>
    [...series].flatMap(([verb, { seconds }]) => (seconds.count > 0 ? histogramValues(duration.name, { verb, host }, seconds) : [])),
  );
  return (verb, code, seconds) => {
    const one = series.get(METHODS[verb]);
    if (!one) return;
    one.codes.set(code, (one.codes.get(code) ?? 0) + 1);
    one.seconds.observe(seconds);
  };
}
