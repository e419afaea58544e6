import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ResourceDefinition } from '../../api/define.ts';
import { endpointSlices, pods, services } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { systemRandom } from '../../base/random.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { createInformers } from '../../client/informer.ts';
import { createKubeletMetrics, type KubeletMetrics } from '../streaming/kubelet-metrics.ts';
import type { PodDirectory } from '../streaming/pod-directory.ts';
import { createProxy } from './proxy.ts';

let clock: FakeClock;
let cluster: FakeCluster;
let metrics: KubeletMetrics;
let refuses: boolean;
let scripts: string[];
let stop: () => Promise<void>;

beforeEach(async () => {
  clock = fakeClock();
  cluster = fakeCluster({ clock });
  metrics = createKubeletMetrics({ nodeName: 'n', version: 'v1.36.0', clock });
  [refuses, scripts] = [false, []];
  const informers = createInformers({ client: cluster.client, clock, log: silentLogger, random: systemRandom });
  const serviceProxy = createProxy({
    nodeName: 'n',
    informers,
    localPods: informers.informer(pods),
    clusterCidrs: ['10.42.0.0/16'],
    ownAddresses: new Set(),
    async nft(script) {
      await clock.sleep(50, { signal: new AbortController().signal });
      if (refuses) throw new Error('the kernel refuses');
      scripts.push(script);
    },
    forgetUdpFlows: async () => {},
    observer: metrics.proxy(),
    clock,
    log: silentLogger,
  });
  const ending = new AbortController();
  const options = { signal: ending.signal, ready() {} };
  const running = Promise.all([informers.run(options), serviceProxy.run(options)]);
  stop = async () => {
    ending.abort();
    await running;
  };
  await until(() => scripts.length === 1);
});
afterEach(() => stop());

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await check()) return;
    await clock.advance(50);
  }
  throw new Error('it did not become true');
}
const page = async () => (await metrics.page({ pods: () => [] } as unknown as PodDirectory)).split('\n');
const shown = async (series: string) => {
  const line = (await page()).find((each) => each.startsWith(`kubeproxy_${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
};

const create = (resource: ResourceDefinition, object: object) =>
  cluster.client.create(resource, object as KubeObject, { signal: new AbortController().signal });
const service = () =>
  create(services, {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { clusterIP: '10.43.0.9', clusterIPs: ['10.43.0.9'], ipFamilies: ['IPv4'], ports: [{ port: 80, protocol: 'TCP' }] },
  });
const slice = (triggeredMs: number) =>
  create(endpointSlices, {
    metadata: {
      generateName: 'web-',
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': 'web' },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': new Date(triggeredMs).toISOString() },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.42.0.7'], conditions: { ready: true } }],
    ports: [{ port: 8080, protocol: 'TCP', name: '' }],
  });

it('counts how often and how long rules are made, the first time as a whole', async () => {
  expect(await shown('sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"}')).toBe(1);
  expect(await shown('sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"}')).toBeUndefined();
  await service();
  await slice(clock.now());
  await until(async () => scripts.length > 1 && (await shown('sync_proxy_rules_service_changes_pending')) === 0);
  expect(await shown('sync_proxy_rules_service_changes_total')).toBe(1);
  expect(await shown('sync_proxy_rules_endpoint_changes_total')).toBe(1);
  expect(await shown('sync_partial_proxy_rules_duration_seconds_count{ip_family="IPv4"}')).toBeGreaterThan(0);
  expect(await shown('sync_proxy_rules_duration_seconds_sum{ip_family="IPv4"}')).toBeGreaterThanOrEqual(0.1);
  const [queued, synced] = ['queued_timestamp', 'timestamp'].map((what) =>
    shown(`sync_proxy_rules_last_${what}_seconds{ip_family="IPv4"}`),
  );
  expect(await synced).toBeGreaterThanOrEqual((await queued) ?? Number.NaN);
  expect((await page()).some((line) => line.includes('IPv6'))).toBe(false);
});

it('tells how long after a change in the cluster the node knows', async () => {
  const count = () => shown('network_programming_duration_seconds_count{ip_family="IPv4"}');
  await slice(clock.now() - 3_600_000);
  await service();
  await until(async () => scripts.length > 1 && (await shown('sync_proxy_rules_endpoint_changes_pending')) === 0);
  expect(await count(), 'before the start').toBeUndefined();
  await slice(clock.now());
  await until(async () => (await count()) === 1);
  expect(await shown('network_programming_duration_seconds_bucket{le="0.25",ip_family="IPv4"}')).toBe(1);
});

it('counts what the kernel refused, and makes all anew', async () => {
  refuses = true;
  await service();
  await until(async () => (await shown('sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"}')) === 1);
  refuses = false;
  await until(async () => (await shown('sync_full_proxy_rules_duration_seconds_count{ip_family="IPv4"}')) === 2);
});
