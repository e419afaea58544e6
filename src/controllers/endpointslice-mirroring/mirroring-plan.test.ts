import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, EndpointSubset, Endpoints, Service } from '../../api/schema/generated/types.ts';
import { planMirroring } from './mirroring-plan.ts';

const PORTS = [{ name: 'http', port: 80, protocol: 'TCP' }];
const service: Service = { metadata: { name: 'db', namespace: 'n' }, spec: {} };
const own = (subsets: EndpointSubset[], metadata: Endpoints['metadata'] = {}): Endpoints => ({
  metadata: { name: 'db', namespace: 'n', uid: 'e', ...metadata },
  subsets,
});
const mirror = (endpoints: Endpoints | undefined, existing: readonly EndpointSlice[] = [], of: Service | undefined = service) =>
  planMirroring({ endpoints, service: of, existing });

describe('the plan', () => {
  it('is a slice for each family and set of ports, with what the Endpoints carry', () => {
    const subset = {
      addresses: [{ ip: '10.0.0.1', hostname: 'h', nodeName: 'a', targetRef: { kind: 'Pod', name: 'p' } }, { ip: 'fd00:0::1' }],
      notReadyAddresses: [{ ip: '10.0.0.2' }],
      ports: PORTS,
    };
    const annotations = { mine: 'yes', 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const plan = mirror(own([subset], { labels: { app: 'db' }, annotations }));
    expect(plan.create.map((s) => [s.addressType, s.ports, s.endpoints])).toEqual([
      [
        'IPv4',
        PORTS,
        [
          { addresses: ['10.0.0.1'], conditions: { ready: true }, hostname: 'h', nodeName: 'a', targetRef: { kind: 'Pod', name: 'p' } },
          { addresses: ['10.0.0.2'], conditions: { ready: false } },
        ],
      ],
      ['IPv6', PORTS, [{ addresses: ['fd00::1'], conditions: { ready: true } }]],
    ]);
    expect(plan.create[0]?.metadata).toMatchObject({
      annotations: { mine: 'yes' },
      labels: {
        app: 'db',
        'kubernetes.io/service-name': 'db',
        'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
      },
      ownerReferences: [{ kind: 'Endpoints', name: 'db', controller: true }],
    });
  });

  it('counts what it leaves out', () => {
    const addresses = Array.from({ length: 1003 }, (_, i) => ({ ip: `10.0.${i >> 8}.${i & 255}` }));
    const plan = mirror(own([{ addresses: [...addresses, { ip: 'none' }], ports: PORTS }]));
    expect(plan.create[0]?.endpoints?.length).toBe(1000);
    expect(plan.findings.map(({ message }) => message)).toEqual([
      'Skipped 1 invalid IP addresses when mirroring to EndpointSlices',
      'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 4 addresses were skipped',
    ]);
  });
});

/** The slices after the plan was carried out, with names for new ones. */
function carriedOut(existing: readonly EndpointSlice[], endpoints: Endpoints): EndpointSlice[] {
  const { create, update, remove } = mirror(endpoints, existing);
  const gone = new Set(remove.map(({ metadata }) => metadata?.name));
  const changed = new Map(update.map((slice) => [slice.metadata?.name, slice]));
  const kept = existing.filter(({ metadata }) => !gone.has(metadata?.name)).map((slice) => changed.get(slice.metadata?.name) ?? slice);
  const serial = existing.length;
  return [...kept, ...create.map((slice, i) => ({ ...slice, metadata: { ...slice.metadata, name: `s${serial + i}-${kept.length}` } }))];
}

const address = fc.oneof(
  fc.integer({ min: 1, max: 30 }).map((n) => `10.0.0.${n}`),
  fc.integer({ min: 1, max: 30 }).map((n) => `fd00::${n.toString(16)}`),
  fc.constantFrom('none', '10.0.0.256', ''),
);
/** Each address once in all subsets, as upstream asks for one port. */
const someSubsets: fc.Arbitrary<EndpointSubset[]> = fc
  .uniqueArray(fc.record({ ip: address, subset: fc.nat(2), ready: fc.boolean() }), { selector: ({ ip }) => ip, maxLength: 30 })
  .map((all) =>
    [0, 1, 2].map((n) => {
      const ips = (ready: boolean) => all.filter((one) => one.subset === n && one.ready === ready).map(({ ip }) => ({ ip }));
      // Two subsets of the same ports are one set of ports.
      return { addresses: ips(true), notReadyAddresses: ips(false), ports: [{ port: n === 0 ? 80 : 81, protocol: 'TCP' }] };
    }),
  );
const isAddress = (ip: string) => /^10\.0\.0\.\d+$|^fd00::/.test(ip) && ip !== '10.0.0.256';
const saidBy = (subsets: readonly EndpointSubset[]) =>
  subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
    [addresses.map(({ ip }) => ({ ip, ready: true })), notReadyAddresses.map(({ ip }) => ({ ip, ready: false }))]
      .flat()
      .filter(({ ip }) => isAddress(ip))
      .map(({ ip, ready }) => `${ip} ${ports.map(({ port }) => port)} ${ready}`),
  );
const saidBySlices = (slices: readonly EndpointSlice[]) =>
  slices.flatMap(({ ports = [], endpoints = [] }) =>
    endpoints.flatMap(({ addresses, conditions }) => addresses.map((ip) => `${ip} ${ports?.map(({ port }) => port)} ${conditions?.ready}`)),
  );

describe('whatever Endpoints say', () => {
  it('is what the slices say, each of one family, after each change; then nothing is left to do', () => {
    fc.assert(
      fc.property(fc.array(someSubsets, { minLength: 1, maxLength: 4 }), (history) => {
        let slices: EndpointSlice[] = [];
        for (const subsets of history) {
          slices = carriedOut(slices, own(subsets));
          expect(saidBySlices(slices).sort()).toEqual(saidBy(subsets).sort());
          for (const { addressType, endpoints } of slices)
            expect(endpoints?.every(({ addresses: [ip = ''] }) => ip.includes(':') === (addressType === 'IPv6'))).toBe(true);
          expect(mirror(own(subsets), slices)).toMatchObject({ create: [], update: [], remove: [] });
        }
      }),
    );
  });

  it('nothing is mirrored, and all slices go, when it is not for mirroring; Endpoints on their way out are left alone', () => {
    const unwanted = fc.constantFrom<[Endpoints['metadata'] | undefined, Service | undefined]>(
      [undefined, service],
      [{}, { ...service, spec: { selector: { app: 'db' } } }],
      [{ labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }, service],
      [{ annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }, service],
    );
    fc.assert(
      fc.property(someSubsets, unwanted, (subsets, [metadata, of]) => {
        const existing = carriedOut([], own(subsets));
        const plan = mirror(metadata && own(subsets, metadata), existing, of);
        expect(plan).toEqual({ create: [], update: [], remove: existing, findings: [] });
        const going = own([], { deletionTimestamp: '2026-01-01T00:00:00Z' });
        expect(mirror(going, existing)).toEqual({ create: [], update: [], remove: [], findings: [] });
      }),
    );
    expect(planMirroring({ endpoints: own([]), service: undefined, existing: [] }).create).toEqual([]);
  });
});
