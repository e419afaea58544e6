import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, Pod, Service } from '../../api/schema/generated/types.ts';
import { planEndpoints } from '../endpoints/endpoints-plan.ts';
import { planSlices } from './endpointslice-plan.ts';

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

let serial = 0;
function applyPlan(existing: readonly EndpointSlice[], pods: readonly Pod[], of = service): EndpointSlice[] {
  const plan = planSlices(of, pods, existing);
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
    expect(planSlices(service, [], slices)).toEqual({ create: [], update: [], remove: [] });
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
          expect(planSlices(service, pods, slices)).toEqual({ create: [], update: [], remove: [] });
        }
      }),
      { numRuns: 50 },
    );
  });

  it('change as few slices as possible: one more pod is one write', () => {
    const pods = Array.from({ length: 250 }, (_, i) => pod(i));
    const plan = planSlices(service, [...pods, pod(300)], applyPlan([], pods));
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
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
