import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { events, ipAddresses, serviceCIDRs } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { allocatedAddress } from '../../api/networking/ip-address.ts';
import type { ServiceCIDR } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { serviceCidr } from './service-cidr.ts';
import { FINALIZER, holdsAddress, planServiceCidr } from './service-cidr-plan.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const range = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });
const address = (text: string) => allocatedAddress(text, { metadata: { namespace: 'n', name: 's' } });

function start(...ranges: ServiceCIDR[]) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  for (const each of ranges) cluster.seed(serviceCIDRs, each);
  startControllers([serviceCidr], { client: cluster.client, clock, signal: stop.signal });
  const ready = (name: string) => cluster.find(serviceCIDRs, name)?.status?.conditions?.map((c) => `${c.status} ${c.reason}`);
  return { clock, cluster, ready, remove: (name: string) => cluster.client.delete(serviceCIDRs, name, { signal: stop.signal }) };
}

describe('a range of Service addresses', () => {
  it('is ready and held by a finalizer, and then left alone', async () => {
    const { clock, cluster, ready } = start(range('kubernetes', '10.43.0.0/16'));
    await clock.advance(1_000);
    expect(cluster.find(serviceCIDRs, 'kubernetes')?.metadata?.finalizers).toEqual([FINALIZER]);
    expect(ready('kubernetes')).toEqual(['True ']);
    const writes = cluster.writes.length;
    await clock.advance(600_000);
    expect(cluster.writes.length).toBe(writes);
  });

  it('that cannot be said to be ready is told of, and tried again', async () => {
    const { clock, cluster, ready } = start(range('kubernetes', '10.43.0.0/16'));
    let refusals = 1;
    cluster.intercept = ({ subresource }) => {
      if (subresource === 'status' && refusals-- > 0) throw new ApiError('Forbidden', 'not now');
    };
    await clock.advance(1_000);
    expect(cluster.all(events).map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      'KubernetesServiceCIDRError: The ServiceCIDR Status can not be set to Ready=True',
    ]);
    await clock.advance(10_000);
    expect(ready('kubernetes')).toEqual(['True ']);
  });

  it('goes 10 s after its deletion when no Service has an address of it', async () => {
    const { clock, cluster, remove } = start(range('more', '10.88.0.0/24'));
    await clock.advance(1_000);
    await remove('more');
    await clock.advance(8_000);
    expect(cluster.find(serviceCIDRs, 'more')).toBeDefined();
    await clock.advance(3_000);
    expect(cluster.find(serviceCIDRs, 'more')).toBeUndefined();
  });

  it('stays while a Service has an address of it, says so, and goes after that', async () => {
    const { clock, cluster, ready, remove } = start(range('more', '10.88.0.0/24'));
    cluster.seed(ipAddresses, address('10.88.0.9'));
    await clock.advance(1_000);
    await remove('more');
    await clock.advance(60_000);
    expect(ready('more')).toEqual(['False Terminating']);
    await cluster.client.delete(ipAddresses, '10.88.0.9', { signal: stop.signal });
    await clock.advance(1_000);
    expect(cluster.find(serviceCIDRs, 'more')).toBeUndefined();
  });

  it('goes in spite of addresses that another range has too', async () => {
    const { clock, cluster, remove } = start(range('more', '10.88.0.0/24'), range('larger', '10.88.0.0/16'));
    cluster.seed(ipAddresses, address('10.88.0.9'));
    await clock.advance(1_000);
    await remove('more');
    await clock.advance(11_000);
    expect(cluster.all(serviceCIDRs).map((r) => r.metadata?.name)).toEqual(['larger']);
  });
});

it('no address of a Service is ever left without a range by a removal', () => {
  const cidr = fc.tuple(fc.nat(3), fc.integer({ min: 24, max: 28 })).map(([i, bits]) => `10.0.0.${i * 64}/${bits}`);
  fc.assert(
    fc.property(fc.array(cidr, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(255), { maxLength: 6 }), (cidrs, hosts) => {
      const going = { finalizers: [FINALIZER], deletionTimestamp: '2026-01-01T00:00:00Z' };
      let ranges = cidrs.map((each, i) => ({ ...range(`r${i}`, each), metadata: { name: `r${i}`, ...going } }));
      const addresses = hosts
        .map((host) => address(`10.0.0.${host}`))
        .filter((a) => ranges.some((r) => holdsAddress(r, a.metadata?.name ?? '')));
      for (const each of ranges) {
        const plan = planServiceCidr(each, ranges, addresses, Date.UTC(2026, 0, 2));
        if (plan.do === 'finalizers') ranges = ranges.filter((r) => r !== each);
        for (const a of addresses) expect(ranges.some((r) => holdsAddress(r, a.metadata?.name ?? ''))).toBe(true);
      }
    }),
  );
});
