import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../../base/clock.ts';
import { doubling } from '../../base/distribution.ts';
import type { ProxyObserver } from '../proxy/proxy.ts';

type Family = Parameters<ProxyObserver['endpointsChanged']>[0];

/** Upstream's buckets. */
const SYNC_SECONDS = doubling(0.001, 15);
const steps = (first: number, width: number, count: number) => Array.from({ length: count }, (_, i) => first + i * width);
const PROGRAMMING_SECONDS = [...steps(0.25, 0.25, 2), ...steps(1, 1, 59), ...steps(60, 5, 12), ...steps(120, 30, 7)];

/** kube-proxy's metrics (kubernetes, pkg/proxy/metrics), as its nftables mode has them. They are on the kubelet's page: both are one process here. */
export function registerProxy(registry: Registry, clock: Clock): ProxyObserver {
  const registers = [registry];
  const labelNames = ['ip_family'];
  const name = (rest: string) => `kubeproxy_${rest}`;
  const durations = (what: string, help: string, buckets = SYNC_SECONDS) =>
    new Histogram({ name: name(what), help, labelNames, buckets, registers });
  const times = (what: string, help: string) => new Gauge({ name: name(what), help, labelNames, registers });
  const all = durations('sync_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds');
  const full = durations('sync_full_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for full resyncs');
  const partial = durations('sync_partial_proxy_rules_duration_seconds', 'SyncProxyRules latency in seconds for partial resyncs');
  const programming = durations(
    'network_programming_duration_seconds',
    'In Cluster Network Programming Latency in seconds',
    PROGRAMMING_SECONDS,
  );
  const queued = times('sync_proxy_rules_last_queued_timestamp_seconds', 'The last time a sync of proxy rules was queued');
  const synced = times('sync_proxy_rules_last_timestamp_seconds', 'The last time proxy rules were successfully synced');
  const failures = new Counter({
    name: name('sync_proxy_rules_nftables_sync_failures_total'),
    help: 'Cumulative proxy nftables sync failures',
    labelNames,
    registers,
  });
  const [services, endpoints] = [changesOf(registry, 'service'), changesOf(registry, 'endpoint')];
  const triggers = new Triggers(clock);
  return {
    serviceChanged: (service) => services.add(service),
    endpointsChanged(family, service, triggeredMs) {
      endpoints.add(service);
      triggers.add(family, triggeredMs);
    },
    queued(families) {
      for (const ip_family of families) queued.set({ ip_family }, clock.now() / 1000);
    },
    began() {
      services.taken();
      endpoints.taken();
      triggers.taken();
    },
    synced(ip_family, { seconds, full: isFull, failed }) {
      all.observe({ ip_family }, seconds);
      (isFull ? full : partial).observe({ ip_family }, seconds);
      if (failed) return failures.inc({ ip_family });
      synced.set({ ip_family }, clock.now() / 1000);
      for (const atMs of triggers.of(ip_family)) programming.observe({ ip_family }, Math.max(0, clock.now() - atMs) / 1000);
    },
  };
}

/** How many changes there were, and of how many Services some are not looked at yet. */
function changesOf(registry: Registry, of: 'service' | 'endpoint') {
  const pending = new Set<string>();
  const registers = [registry];
  const what = of === 'service' ? 'Service' : 'Endpoint';
  const name = `kubeproxy_sync_proxy_rules_${of}_changes`;
  const total = new Counter({ name: `${name}_total`, help: `Cumulative proxy rules ${what} changes`, registers });
  new Gauge({
    name: `${name}_pending`,
    help: `Pending proxy rules ${what} changes`,
    registers,
    collect() {
      this.set(pending.size);
    },
  });
  return {
    add(service: string) {
      total.inc();
      pending.add(service);
    },
    taken: () => pending.clear(),
  };
}

/** When what endpoints changed for happened; what was before the start says nothing of how quick we are. */
class Triggers {
  readonly #startMs: number;
  #waiting: (readonly [Family, number])[] = [];
  #taken: (readonly [Family, number])[] = [];

  constructor(clock: Clock) {
    this.#startMs = clock.now();
  }

  add(family: Family, atMs: number | undefined): void {
    if (atMs !== undefined && atMs > this.#startMs) this.#waiting.push([family, atMs]);
  }

  taken(): void {
    [this.#taken, this.#waiting] = [this.#waiting, []];
  }

  of(family: Family): number[] {
    return this.#taken.flatMap(([each, atMs]) => (each === family ? [atMs] : []));
  }
}
