import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointSlices, endpoints, events, services } from '../../api/index.ts';
import type { EndpointSubset, Endpoints, Service } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { endpointsliceMirroring } from './endpointslice-mirroring.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const PORTS = [{ name: 'http', port: 80, protocol: 'TCP' }];
const own = (subsets: EndpointSubset[], metadata: Endpoints['metadata'] = {}): Endpoints => ({
  metadata: { name: 'db', namespace: 'n', uid: 'e', ...metadata },
  subsets,
});

function start(service: Service['spec'] = {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  cluster.seed(services, { metadata: { name: 'db', namespace: 'n' }, spec: service });
  startControllers([endpointsliceMirroring], { client: cluster.client, clock, signal: stop.signal });
  const addresses = () => cluster.all(endpointSlices).flatMap((s) => (s.endpoints ?? []).flatMap((e) => e.addresses));
  return { clock, cluster, addresses };
}

describe("a user's Endpoints", () => {
  it('are mirrored while they exist, and written no more often than they change', async () => {
    const { clock, cluster, addresses } = start();
    const { client } = cluster;
    const options = { namespace: 'n', signal: stop.signal };
    await client.create(endpoints, own([{ addresses: [{ ip: '10.0.0.1' }], ports: PORTS }]), options);
    await clock.advance(1_000);
    expect(addresses()).toEqual(['10.0.0.1']);
    await client.patch(endpoints, 'db', 'merge', { subsets: [{ addresses: [{ ip: '10.0.0.2' }], ports: PORTS }] }, options);
    await clock.advance(1_000);
    expect(addresses()).toEqual(['10.0.0.2']);
    const writes = cluster.writes.length;
    await clock.advance(600_000);
    expect(cluster.writes.length).toBe(writes);
    await client.delete(endpoints, 'db', options);
    await clock.advance(1_000);
    expect(addresses()).toEqual([]);
  });

  it('are left alone when they say so, hold a leader, or their Service has a selector', async () => {
    const subsets = [{ addresses: [{ ip: '10.0.0.1' }], ports: PORTS }];
    for (const [spec, metadata] of [
      [{}, { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }],
      [{}, { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }],
      [{ selector: { app: 'db' } }, {}],
    ] as const) {
      const { clock, cluster, addresses } = start(spec);
      cluster.seed(endpoints, own(subsets, metadata));
      await clock.advance(1_000);
      expect(addresses()).toEqual([]);
    }
  });

  it('lose their slices when the Service gets a selector', async () => {
    const { clock, cluster, addresses } = start();
    cluster.seed(endpoints, own([{ addresses: [{ ip: '10.0.0.1' }], ports: PORTS }]));
    await clock.advance(1_000);
    expect(addresses()).toEqual(['10.0.0.1']);
    const options = { namespace: 'n', signal: stop.signal };
    await cluster.client.patch(services, 'db', 'merge', { spec: { selector: { app: 'db' } } }, options);
    await clock.advance(1_000);
    expect(addresses()).toEqual([]);
  });

  it('with addresses that cannot be mirrored get an event', async () => {
    const { clock, cluster } = start();
    cluster.seed(endpoints, own([{ addresses: [{ ip: 'none' }], ports: PORTS }]));
    await clock.advance(1_000);
    expect(cluster.all(events).map((e) => `${e.reason}: ${e.message}`)).toEqual([
      'InvalidIPAddress: Skipped 1 invalid IP addresses when mirroring to EndpointSlices',
    ]);
  });
});
