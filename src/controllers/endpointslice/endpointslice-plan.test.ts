import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Node, Pod, Service } from '../../api/schema/generated/types.ts';
import { planEndpoints } from '../endpoints/endpoints-plan.ts';
import { planSlices, type Topology } from './endpointslice-plan.ts';

const service: Service = {
  metadata: { name: 'web', namespace: 'default', uid: 'u', labels: { app: 'web' } },
  spec: {
    clusterIP: '10.43.0.9',
    ipFamilies: ['IPv4'],
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }],
  },
};
const pod = (i: number, change: { ready?: boolean; deleted?: boolean; port?: number; phase?: string } = {}): Pod => ({
  metadata: { name: `p${i}`, namespace: 'default', uid: `u${i}`, ...(change.deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
  spec: { nodeName: 'a', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: change.port ?? 8080, protocol: 'TCP' }] }] },
  status: {
    phase: change.phase ?? 'Running',
    podIPs: [{ ip: `10.42.${Math.floor(i / 250)}.${(i % 250) + 1}` }],
    conditions: [{ type: 'Ready', status: (change.ready ?? true) ? 'True' : 'False' }],
  },
});

const node = (name: string, zone?: string): Node => ({ metadata: { name, labels: zone ? { 'topology.kubernetes.io/zone': zone } : {} } });
const topology: Topology = { node: (name) => (name === 'gone' ? undefined : node(name)), shares: () => undefined };
const NOTHING = { create: [], update: [], remove: [], hints: new Map() };

let serial = 0;
function applyPlan(existing: readonly EndpointSlice[], pods: readonly Pod[], of = service, at = topology): EndpointSlice[] {
  const plan = planSlices(of, pods, existing, at);
  const updated = new Map(plan.update.map((s) => [s.metadata?.name, s]));
  const gone = new Set(plan.remove.map((s) => s.metadata?.name));
  const kept = existing.filter((s) => !gone.has(s.metadata?.name)).map((s) => updated.get(s.metadata?.name) ?? s);
  return [...kept, ...plan.create.map((s) => ({ ...s, metadata: { ...s.metadata, name: `web-${serial++}` } }))];
}
const addresses = (slices: readonly EndpointSlice[]) =>
  slices
    .flatMap((s) => s.endpoints ?? [])
    .flatMap((e) => e.addresses)
    .sort();

describe('the endpoint slices of a Service', () => {
  it('say which pods are behind it, on which ports, in which condition', () => {
    const [slice] = applyPlan([], [pod(1), pod(2, { ready: false }), pod(3, { deleted: true }), pod(4, { phase: 'Failed' })]);
    expect(slice?.ports).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    expect(slice?.endpoints?.map((e) => e.conditions)).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
    ]);
    expect(slice?.metadata?.labels).toMatchObject({ app: 'web', 'kubernetes.io/service-name': 'web' });
  });

  it('are one empty slice when nothing is behind it', () => {
    const slices = applyPlan(applyPlan([], [pod(1)]), []);
    expect(slices.map((s) => s.endpoints)).toEqual([[]]);
    expect(planSlices(service, [], slices, topology)).toEqual(NOTHING);
  });

  it('are split where pods resolve a named port differently', () => {
    const slices = applyPlan([], [pod(1), pod(2, { port: 9090 })]);
    expect(slices.map((s) => s.ports?.[0]?.port).sort()).toEqual([8080, 9090]);
  });

  it('hold every pod once, a hundred a slice, and are left alone when nothing changed', () => {
    const sets = fc.array(fc.uniqueArray(fc.nat(400), { maxLength: 260 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(sets, (steps) => {
        let slices: EndpointSlice[] = [];
        for (const step of steps) {
          const pods = step.map((i) => pod(i));
          slices = applyPlan(slices, pods);
          expect(addresses(slices)).toEqual(pods.map((p) => p.status?.podIPs?.[0]?.ip ?? '').sort());
          for (const slice of slices) expect(slice.endpoints?.length).toBeLessThanOrEqual(100);
          expect(planSlices(service, pods, slices, topology)).toEqual(NOTHING);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('change as few slices as possible: one more pod is one write', () => {
    const pods = Array.from({ length: 250 }, (_, i) => pod(i));
    const plan = planSlices(service, [...pods, pod(300)], applyPlan([], pods), topology);
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
  });

  it('take new pods into a slice that changes anyway, or into the fullest one that has room for all', () => {
    const pods = Array.from({ length: 250 }, (_, i) => pod(i));
    const slices = applyPlan([], pods);
    const sizes = (plan: ReturnType<typeof planSlices>) => plan.update.map((s) => s.endpoints?.length);
    const swapped = planSlices(service, [...pods.slice(1), pod(300)], slices, topology);
    expect([sizes(swapped), swapped.create.length]).toEqual([[100], 0]);
    const grown = planSlices(service, [...pods, ...Array.from({ length: 60 }, (_, i) => pod(300 + i))], slices, topology);
    expect([sizes(grown), grown.create.map((s) => s.endpoints?.length)]).toEqual([[], [60]]);
  });

  it('turn a slice that is no longer needed into one that is', () => {
    const [before] = applyPlan([], [pod(1)]);
    const plan = planSlices(service, [pod(1, { port: 9090 })], before ? [before] : [], topology);
    expect([plan.create, plan.remove]).toEqual([[], []]);
    expect(plan.update.map((s) => [s.metadata?.name, s.ports?.[0]?.port])).toEqual([[before?.metadata?.name, 9090]]);
  });

  it('of an earlier Service of the same name are removed, never taken over', () => {
    const old = applyPlan([], [pod(1)]);
    const plan = planSlices({ ...service, metadata: { ...service.metadata, uid: 'other' } }, [pod(1)], old, topology);
    expect([plan.create.length, plan.update, plan.remove]).toEqual([1, [], old]);
  });

  it('hold both of two pods that share the address of their node', () => {
    const [a, b] = [pod(1), pod(2)];
    const slices = applyPlan([], [a, { ...b, status: a.status }]);
    expect(slices[0]?.endpoints?.map((e) => e.targetRef?.name)).toEqual(['p1', 'p2']);
    expect(planSlices(service, [a, { ...b, status: a.status }], slices, topology)).toEqual(NOTHING);
  });

  it('leave pods out whose node is not there, unless all are to be published', () => {
    const lost: Pod = { ...pod(1), spec: { ...pod(1).spec, nodeName: 'gone', containers: pod(1).spec?.containers ?? [] } };
    expect(addresses(applyPlan([], [lost]))).toEqual([]);
    const all = { ...service, spec: { ...service.spec, publishNotReadyAddresses: true } };
    expect(applyPlan([], [{ ...lost, status: pod(1, { ready: false }).status }], all)[0]?.endpoints?.[0]?.conditions).toEqual({
      ready: true,
      serving: false,
      terminating: false,
    });
  });

  it('are one for each family of a Service with two', () => {
    const dual = { ...service, spec: { ...service.spec, ipFamilies: ['IPv4', 'IPv6'] } };
    const both = { ...pod(1), status: { ...pod(1).status, podIPs: [{ ip: '10.42.0.2' }, { ip: 'fd00::2' }] } };
    expect(applyPlan([], [both], dual).map((s) => [s.addressType, addresses([s])])).toEqual([
      ['IPv4', ['10.42.0.2']],
      ['IPv6', ['fd00::2']],
    ]);
    expect(applyPlan(applyPlan([], [both], dual), [both]).map((s) => s.addressType)).toEqual(['IPv4']);
  });

  it('say the zone of each endpoint, and for whom it is when the Service prefers what is near', () => {
    const at = { ...topology, node: (name: string) => node(name, 'z1') };
    const of = (trafficDistribution: string) => ({ ...service, spec: { ...service.spec, trafficDistribution } });
    const hints = (distribution: string) =>
      applyPlan([], [pod(1), pod(2, { ready: false })], of(distribution), at)[0]?.endpoints?.map((e) => e.hints);
    expect(applyPlan([], [pod(1)], service, at)[0]?.endpoints?.[0]).toMatchObject({ zone: 'z1', nodeName: 'a' });
    expect(hints('PreferClose')).toEqual([{ forZones: [{ name: 'z1' }] }, undefined]);
    expect(hints('PreferSameZone')).toEqual([{ forZones: [{ name: 'z1' }] }, undefined]);
    expect(hints('PreferSameNode')).toEqual([{ forZones: [{ name: 'z1' }], forNodes: [{ name: 'a' }] }, undefined]);
    const slices = applyPlan([], [pod(1)], of('PreferClose'), at);
    expect(applyPlan(slices, [pod(1)], service, at)[0]?.endpoints?.[0]?.hints).toBeUndefined();
  });
});

describe('the Endpoints of a Service', () => {
  it('part ready from not ready addresses and leave terminating pods out', () => {
    const next = planEndpoints(service, [pod(2), pod(1), pod(3, { ready: false }), pod(4, { deleted: true })], undefined);
    expect(next?.subsets?.[0]?.addresses?.map((a) => a.targetRef?.name)).toEqual(['p1', 'p2']);
    expect(next?.subsets?.[0]?.notReadyAddresses?.map((a) => a.targetRef?.name)).toEqual(['p3']);
  });

  it('are not written again when nothing changed', () => {
    const first = planEndpoints(service, [pod(1)], undefined);
    expect(planEndpoints(service, [pod(1)], first)).toBeUndefined();
  });

  it('say when they hold a part only', () => {
    const next = planEndpoints(
      service,
      Array.from({ length: 1001 }, (_, i) => pod(i)),
      undefined,
    );
    expect(next?.metadata?.annotations).toEqual({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
  });
});
