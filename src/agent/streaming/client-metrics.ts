import { Counter, Histogram, type Registry } from 'prom-client';
import type { RequestOutcome } from '../../client/https-transport.ts';

/** Upstream's buckets. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

/** client-go's metrics (component-base, prometheus/restclient) of a node that speaks to its API server over HTTPS. */
export function registerClient(registry: Registry): (outcome: RequestOutcome) => void {
  const registers = [registry];
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labelNames: ['code', 'method', 'host'],
    registers,
  });
  const durations = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds. Broken down by verb, and host.',
    labelNames: ['verb', 'host'],
    buckets: SECONDS,
    registers,
  });
  return ({ method, host, code = '<error>', seconds }) => {
    total.inc({ code, method, host });
    if (seconds !== undefined) durations.observe({ verb: method, host }, seconds);
  };
}
