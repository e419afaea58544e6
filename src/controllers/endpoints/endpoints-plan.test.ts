import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Endpoints, Pod, Service } from '../../api/schema/generated/types.ts';
import { planEndpoints } from './endpoints-plan.ts';

const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const service = (spec: Service['spec'] = {}): Service => ({
  metadata: { name: 'web', namespace: 'n', labels: { app: 'web' } },
  spec: {
    clusterIP: '10.43.0.9',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [
      { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' },
      { name: 'fixed', port: 81, targetPort: 9000, protocol: 'TCP' },
    ],
    ...spec,
  },
});

interface Traits {
  readonly phase: string;
  readonly ready: boolean;
  readonly deleting: boolean;
  /** The last part of its address; undefined: it has none yet. Pods on a node's network share one. */
  readonly address: number | undefined;
  /** Of the container port http; undefined: it has no such port. */
  readonly http: number | undefined;
}
const traits: fc.Arbitrary<Traits> = fc.record({
  phase: fc.constantFrom('Running', 'Running', 'Running', 'Pending', 'Succeeded', 'Failed'),
  ready: fc.boolean(),
  deleting: fc.constantFrom(false, false, true),
  address: fc.option(fc.nat(20), { nil: undefined }),
  http: fc.constantFrom(8080, 8080, 8081, undefined),
});
const pod = ({ phase, ready, deleting, address, http }: Traits, i: number): Pod => ({
  metadata: { name: `p${i}`, namespace: 'n', uid: `u${i}`, ...(deleting && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
  spec: { nodeName: 'a', containers: [{ name: 'c', ...(http && { ports: [{ name: 'http', containerPort: http, protocol: 'TCP' }] }) }] },
  status: {
    phase,
    ...(address !== undefined && { podIPs: [{ ip: `10.42.0.${address}` }, { ip: `fd00::${address}` }] }),
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
});
const healthy: Traits = { phase: 'Running', ready: true, deleting: false, address: 1, http: 8080 };
const someTraits = fc.array(traits, { maxLength: 12 });
const someService = fc.record({
  publishNotReadyAddresses: fc.boolean(),
  ipFamilies: fc.constantFrom<string[]>(['IPv4'], ['IPv6', 'IPv4']),
});

/** Who may be reached at which port, one line for each address and port. */
const lines = (object: Endpoints | undefined, which: 'addresses' | 'notReadyAddresses') =>
  (object?.subsets ?? [])
    .flatMap(({ ports = [], ...subset }) =>
      ports.flatMap(({ name, port }) => (subset[which] ?? []).map(({ ip, targetRef }) => `${targetRef?.name} ${ip} ${name}=${port}`)),
    )
    .sort();

test('each pod with an address that has not ended is there once under each port that it has: as ready exactly when it is, or when nobody asks', () => {
  fc.assert(
    fc.property(someService, someTraits, (spec, all) => {
      const object = planEndpoints(service(spec), all.map(pod), undefined);
      const wanted = (isReady: boolean) =>
        all.flatMap(({ phase, ready, deleting, address, http }, i) => {
          const isThere = address !== undefined && !['Succeeded', 'Failed'].includes(phase) && (!deleting || spec.publishNotReadyAddresses);
          if (!isThere || isReady !== (ready || spec.publishNotReadyAddresses)) return [];
          const ip = spec.ipFamilies[0] === 'IPv6' ? `fd00::${address}` : `10.42.0.${address}`;
          return [...(http ? [`p${i} ${ip} http=${http}`] : []), `p${i} ${ip} fixed=9000`];
        });
      expect(lines(object, 'addresses')).toEqual(wanted(true).sort());
      expect(lines(object, 'notReadyAddresses')).toEqual(wanted(false).sort());
      for (const { addresses = [], notReadyAddresses = [] } of object?.subsets ?? [])
        for (const ips of [addresses, notReadyAddresses].map((list) => list.map(({ ip }) => ip))) expect(ips).toEqual([...ips].sort());
    }),
  );
});

test('what is written needs no second write, in whatever order the pods are found and whenever it happened', () => {
  const found = someTraits
    .map((all) => all.map(pod))
    .chain((pods) => fc.tuple(fc.constant(pods), fc.shuffledSubarray(pods, { minLength: pods.length })));
  fc.assert(
    fc.property(someService, found, (spec, [pods, again]) => {
      const object = planEndpoints(service(spec), pods, undefined, '2026-01-01T00:00:00Z');
      expect(object).toBeDefined();
      expect(planEndpoints(service(spec), again, object, '2026-01-01T00:00:05Z')).toBeUndefined();
    }),
  );
});

test('of more than a thousand pods a thousand are there, the ready ones first, and an annotation says so until there is room again', () => {
  const count = fc.oneof(fc.constantFrom(999, 1000, 1001), fc.integer({ min: 900, max: 1200 }));
  const address = (i: number) => ({ ...healthy, address: i });
  fc.assert(
    fc.property(count, fc.integer({ min: 0, max: 1300 }), fc.boolean(), (total, readyFrom, publishNotReadyAddresses) => {
      const all = Array.from({ length: total }, (_, i) => pod({ ...address(i), ready: i >= readyFrom }, i));
      const of = service({ publishNotReadyAddresses, ports: [{ name: 'fixed', port: 81, targetPort: 9000 }] });
      const object = planEndpoints(of, all, undefined);
      const ready = publishNotReadyAddresses ? total : Math.max(0, total - readyFrom);
      expect(lines(object, 'addresses')).toHaveLength(Math.min(1000, ready));
      expect(lines(object, 'notReadyAddresses')).toHaveLength(Math.min(1000, total) - Math.min(1000, ready));
      expect(object?.metadata?.annotations?.[OVER_CAPACITY]).toBe(total > 1000 ? 'truncated' : undefined);
      expect(planEndpoints(of, all, object)).toBeUndefined();
      const fewer = planEndpoints(of, all.slice(0, 3), object);
      expect(fewer?.metadata?.annotations?.[OVER_CAPACITY]).toBeUndefined();
    }),
    { numRuns: 30 },
  );
});

test('a pod that has none of the ports is not behind the Service; a headless Service without ports has all of them', () => {
  const bare = pod({ ...healthy, http: undefined }, 0);
  const named = service({ ports: [{ name: 'http', port: 80, targetPort: 'http' }] });
  expect(planEndpoints(named, [bare], undefined)?.subsets).toBeUndefined();
  const headless = planEndpoints(service({ clusterIP: 'None', ports: undefined }), [bare], undefined);
  expect(headless?.subsets?.map(({ addresses, ports }) => [addresses?.map(({ ip }) => ip), ports])).toEqual([[['10.42.0.1'], undefined]]);
});

test('ports that the same pods offer are together, also when a named port is not the same on all of them', () => {
  const backends = [pod(healthy, 0), pod({ ...healthy, address: 2, http: 8081, ready: false }, 1), pod({ ...healthy, address: 3 }, 2)];
  const shown = planEndpoints(service(), backends, undefined)?.subsets?.map(({ ports, addresses, notReadyAddresses }) => [
    ports?.map(({ name, port }) => `${name}=${port}`),
    addresses?.map(({ ip }) => ip),
    notReadyAddresses?.map(({ ip }) => ip),
  ]);
  expect(shown).toEqual([
    [['http=8080'], ['10.42.0.1', '10.42.0.3'], undefined],
    [['fixed=9000'], ['10.42.0.1', '10.42.0.3'], ['10.42.0.2']],
    [['http=8081'], undefined, ['10.42.0.2']],
  ]);
});
