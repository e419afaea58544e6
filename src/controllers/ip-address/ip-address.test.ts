import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { events, ipAddresses, serviceCIDRs, services } from '../../api/index.ts';
import { allocatedAddress } from '../../api/networking/ip-address.ts';
import type { IPAddress, Service } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { ipAddressRepair, serviceAddresses } from './ip-address.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const service = (name: string, ...clusterIPs: string[]): Service => ({
  metadata: { name, namespace: 'n' },
  spec: { clusterIP: clusterIPs[0], clusterIPs },
});

function start(...objects: { service?: Service; address?: IPAddress }[]) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  cluster.seed(serviceCIDRs, { metadata: { name: 'kubernetes' }, spec: { cidrs: ['10.43.0.0/16'] } });
  for (const { service: s, address } of objects) {
    if (s) cluster.seed(services, s);
    if (address) cluster.seed(ipAddresses, address);
  }
  startControllers([serviceAddresses, ipAddressRepair], { client: cluster.client, clock, signal: stop.signal });
  const owners = () => cluster.all(ipAddresses).map((a) => `${a.metadata?.name} ${a.spec?.parentRef?.resource}/${a.spec?.parentRef?.name}`);
  const said = () => cluster.all(events).map((e) => `${e.reason}: ${e.message}`);
  const settle = async () => {
    await clock.advance(1_000);
    const writes = cluster.writes.length;
    await clock.advance(600_000);
    expect(cluster.writes.length).toBe(writes);
  };
  return { clock, cluster, owners, said, settle };
}

describe('the repair of addresses', () => {
  it('writes down those of Services from before, once', async () => {
    const { owners, said, settle } = start({ service: service('web', '10.43.0.7') }, { service: service('headless', 'None') });
    await settle();
    expect(owners()).toEqual(['10.43.0.7 services/web']);
    expect(said()).toEqual(['ClusterIPNotAllocated: Cluster IP [IPv4]: 10.43.0.7 is not allocated; repairing']);
  });

  it('puts right whose an address is', async () => {
    const wrong = allocatedAddress('10.43.0.7', { metadata: { namespace: 'n', name: 'gone' } });
    const { owners, settle } = start({ service: service('web', '10.43.0.7'), address: wrong });
    await settle();
    expect(owners()).toEqual(['10.43.0.7 services/web']);
  });

  it('tells of addresses out of range and of those that two Services have, and changes nothing', async () => {
    const own = allocatedAddress('10.43.0.7', { metadata: { namespace: 'n', name: 'a' } });
    const { owners, said, settle } = start(
      { service: service('a', '10.43.0.7'), address: own },
      { service: service('b', '10.43.0.7') },
      { service: service('c', '10.99.0.1') },
    );
    await settle();
    expect(owners()).toEqual(['10.43.0.7 services/a']);
    expect(said().sort()).toEqual([
      'ClusterIPAlreadyAllocated: Cluster IP [IPv4]:10.43.0.7 was assigned to multiple services; please recreate service',
      'ClusterIPOutOfRange: Cluster IP [IPv4]: 10.99.0.1 is not within any configured Service CIDR; please recreate service',
    ]);
  });

  it('removes what no Service has, but not before a Service that is being written can be there', async () => {
    const { clock, owners, said } = start({ address: allocatedAddress('10.43.0.7', { metadata: { namespace: 'n', name: 'lost' } }) });
    await clock.advance(55_000);
    expect(owners()).toEqual(['10.43.0.7 services/lost']);
    await clock.advance(10_000);
    expect(owners()).toEqual([]);
    expect(said()).toEqual(['IPAddressNotAllocated: IPAddress: 10.43.0.7 for Service n/lost appears to have leaked: cleaning up']);
  });

  it('leaves the addresses of others alone', async () => {
    const parentRef = { group: 'gateway.networking.k8s.io', resource: 'gateways', namespace: 'n', name: 'g' };
    const { owners, settle } = start({ address: { metadata: { name: '10.43.0.9' }, spec: { parentRef } } });
    await settle();
    expect(owners()).toEqual(['10.43.0.9 gateways/g']);
  });
});
