import { Counter, Histogram, type Registry } from 'prom-client';
import type { WebhookCall } from '../admission/webhooks/ask.ts';

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];
/** Webhooks choose their codes: what is beyond counts as one. */
const HIGHEST_CODE = 600;
const PREFIX = 'apiserver_admission_webhook_';

export interface WebhookMetrics {
  observe(call: WebhookCall): void;
  register(registry: Registry): void;
}

/** Upstream's metrics of admission webhooks. They are made before the server that shows them. */
export function createWebhookMetrics(): WebhookMetrics {
  const registers: Registry[] = [];
  const duration = new Histogram({
    name: `${PREFIX}admission_duration_seconds`,
    help: 'Admission webhook latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
    labelNames: ['name', 'type', 'operation', 'rejected'],
    buckets: BUCKETS,
    registers,
  });
  const requests = new Counter({
    name: `${PREFIX}request_total`,
    help: 'Admission webhook requests, by webhook, type, operation, HTTP status code and whether the request was rejected.',
    labelNames: ['name', 'type', 'operation', 'code', 'rejected'],
    registers,
  });
  const rejections = new Counter({
    name: `${PREFIX}rejection_count`,
    help: 'Admission webhook rejections, by webhook, type, operation, kind of error and code.',
    labelNames: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
    registers,
  });
  const failOpens = new Counter({
    name: `${PREFIX}fail_open_count`,
    help: 'Admission webhook failures that were ignored, by webhook and type.',
    labelNames: ['name', 'type'],
    registers,
  });
  return {
    observe({ name, type, operation, seconds, rejected, code, error, failedOpen }) {
      const about = { name, type, operation };
      const bounded = Math.min(code, HIGHEST_CODE);
      duration.observe({ ...about, rejected: String(rejected) }, seconds);
      requests.inc({ ...about, code: bounded, rejected: String(rejected) });
      if (rejected) rejections.inc({ ...about, error_type: error, rejection_code: bounded });
      if (failedOpen) failOpens.inc({ name, type });
    },
    register(registry) {
      for (const metric of [duration, requests, rejections, failOpens]) registry.registerMetric(metric);
    },
  };
}
