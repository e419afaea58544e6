import { podMetrics } from '../../src/api/metrics/pod-metrics.ts';
import type { Pod } from '../../src/api/schema/generated/types.ts';
import type { Transport } from '../../src/api/transport.ts';
import { type Clock, rfc3339 } from '../../src/base/clock.ts';
import { isActive, isReady } from './pod-facts.ts';
import type { Truth } from './truth.ts';
import { NAMESPACE } from './workload-objects.ts';

const WINDOW_S = 15;

export interface FakeMetricsOptions {
  readonly inner: Transport;
  readonly truth: Truth;
  readonly clock: Clock;
  /** Thousandths of a processor that the pods of this app need together. */
  readonly load: (app: string) => number;
}

/** A way to the API that answers what pods use as machines would tell it: the ready ones of an app share its load. */
export const fakeMetrics = ({ inner, truth, clock, load }: FakeMetricsOptions): Transport => ({
  async request(request, how) {
    if (request.group !== podMetrics.group || request.verb !== 'list') return inner.request(request, how);
    const app = /^app=(\w+)$/.exec(request.options?.labelSelector ?? '')?.[1] ?? '';
    const ready = truth.all<Pod>('pods').filter((pod) => pod.metadata?.labels?.app === app && isActive(pod) && isReady(pod));
    const cpu = `${Math.round(load(app) / Math.max(ready.length, 1))}m`;
    const items = ready.map(({ metadata }) => ({
      metadata: { name: metadata?.name, namespace: NAMESPACE },
      timestamp: rfc3339(clock.now()),
      window: `${WINDOW_S}s`,
      containers: [{ name: 'c', usage: { cpu, memory: '10Mi' } }],
    }));
    return { apiVersion: `${podMetrics.group}/${podMetrics.version}`, kind: 'PodMetricsList', metadata: {}, items };
  },
  watch: (request, how) => inner.watch(request, how),
});
