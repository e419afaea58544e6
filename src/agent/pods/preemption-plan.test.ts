import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '../../api/schema/generated/types.ts';
import { planAdmission } from './admission-plan.ts';
import { planEntry } from './preemption-plan.ts';

const node: Node = {
  status: { allocatable: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10Gi', pods: '5', 'example.com/dongle': '3' } },
};
const CRITICAL = 2_000_000_000;

type Amounts = Record<string, string>;
interface Wish {
  readonly requests?: Amounts;
  readonly limits?: Amounts;
  readonly spec?: Partial<PodSpec>;
}

const pod = (name: string, { requests, limits, spec }: Wish = {}): Pod => ({
  metadata: { name, uid: name },
  spec: { priority: 0, containers: [{ name: 'c', resources: { ...(requests && { requests }), ...(limits && { limits }) } }], ...spec },
});
const names = (entry: ReturnType<typeof planEntry>) => ('victims' in entry ? entry.victims.map(({ metadata }) => metadata?.name) : entry);

describe('a pod that does not fit', () => {
  it.each([
    ['cpu', { cpu: '1500m' }, 'cpu, requested: 1500, used: 600, capacity: 2000'],
    ['memory', { memory: '4Gi' }, 'memory, requested: 4294967296, used: 1073741824, capacity: 4294967296'],
    ['ephemeral-storage', { 'ephemeral-storage': '11Gi' }, 'ephemeral-storage, requested: 11811160064, used: 0, capacity: 10737418240'],
    ['example.com/dongle', { 'example.com/dongle': '2' }, 'example.com/dongle, requested: 2, used: 2, capacity: 3'],
    ['hugepages-2Mi', { 'hugepages-2Mi': '2Mi' }, 'hugepages-2Mi, requested: 2097152, used: 0, capacity: 0'],
  ])('is refused for %s with the numbers that count', (resource, requests, numbers) => {
    const other = pod('other', { requests: { cpu: '600m', memory: '1Gi', 'example.com/dongle': '2' } });
    const message = `Node didn't have enough resource: ${numbers}`;
    expect(planEntry(pod('new', { requests }), node, [other])).toMatchObject({ reason: `OutOf${resource}`, message });
  });

  it('is refused when the node has as many pods as it may, however little they ask for', () => {
    const others = ['a', 'b', 'c', 'd', 'e'].map((name) => pod(name));
    const message = "Node didn't have enough resource: pods, requested: 1, used: 5, capacity: 5";
    expect(planEntry(pod('new'), node, others)).toMatchObject({ reason: 'OutOfpods', message });
    expect(planEntry(pod('new'), node, others.slice(1))).toEqual({ victims: [] });
  });

  it('is told of the resource first, then of what else is in its way', () => {
    const reasons = planAdmission(
      pod('new', { requests: { memory: '9Gi', cpu: '9' }, spec: { nodeSelector: { disk: 'fast' } } }),
      node,
      [],
    );
    expect(reasons.map(({ reason }) => reason)).toEqual(['OutOfcpu', 'OutOfmemory', 'NodeAffinity']);
  });

  it('counts init containers and overhead as the scheduler does', () => {
    const init = { initContainers: [{ name: 'i', resources: { requests: { cpu: '1900m' } } }], overhead: { cpu: '101m' } };
    expect(planEntry(pod('new', { requests: { cpu: '1' }, spec: init }), node, [])).toMatchObject({
      message: expect.stringContaining('requested: 2001'),
    });
  });
});

describe('a pod is let in', () => {
  it('whatever it asks for of a resource that the node does not know', () => {
    expect(planEntry(pod('new', { requests: { 'example.com/of-the-cluster': '7' } }), node, [])).toEqual({ victims: [] });
  });

  it('when devices were allocated for what its containers ask for', () => {
    const resource = 'deviceclass.resource.kubernetes.io/gpu';
    const asking = pod('new', { requests: { 'example.com/dongle': '7', [resource]: '1' } });
    const requestMappings = ['example.com/dongle', resource].map((resourceName) => ({
      containerName: 'c',
      resourceName,
      requestName: 'r',
    }));
    const status = { extendedResourceClaimStatus: { resourceClaimName: 'claim', requestMappings } };
    expect(planEntry({ ...asking, status }, node, [])).toEqual({ victims: [] });
    const others = requestMappings.map((mapping) => ({ ...mapping, containerName: 'another' }));
    const elsewhere = { extendedResourceClaimStatus: { ...status.extendedResourceClaimStatus, requestMappings: others } };
    expect(planEntry({ ...asking, status: elsewhere }, node, [])).toMatchObject({ reason: 'OutOfexample.com/dongle' });
  });

  it('when it ends already, or as long as the node has not said what it has', () => {
    const huge = { requests: { cpu: '99' } };
    expect(planEntry({ ...pod('new', huge), status: { phase: 'Failed' } }, node, [])).toEqual({ victims: [] });
    expect(planEntry(pod('new', huge), { status: {} }, [])).toEqual({ victims: [] });
  });
});

it('a pod for another operating system is refused', () => {
  expect(planEntry(pod('new', { spec: { os: { name: 'windows' } } }), node, [])).toEqual({
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  });
  const labelled: Pod = { ...pod('new'), metadata: { labels: { 'kubernetes.io/os': 'windows' } } };
  expect(planEntry(labelled, node, [])).toMatchObject({ reason: 'PodOSSelectorNodeLabelDoesNotMatch' });
});

describe('a critical pod', () => {
  const critical = (wish: Wish) => pod('critical', { ...wish, spec: { ...wish.spec, priority: CRITICAL } });
  const burstable = (name: string, cpu: string, memory = '1Mi') => pod(name, { requests: { cpu, memory } });
  const guaranteed = (name: string, cpu: string) => pod(name, { requests: { cpu, memory: '1Mi' }, limits: { cpu, memory: '1Mi' } });

  it('has the one pod go that frees enough, not two', () => {
    const others = [burstable('small', '500m'), burstable('fitting', '700m'), burstable('large', '800m')];
    expect(names(planEntry(critical({ requests: { cpu: '650m' } }), node, others))).toEqual(['fitting']);
  });

  it('spares guaranteed pods as long as others will do', () => {
    const others = [guaranteed('g', '1'), burstable('b1', '500m'), burstable('b2', '500m')];
    expect(names(planEntry(critical({ requests: { cpu: '1' } }), node, others))).toEqual(['b2', 'b1']);
  });

  it('takes the pod that holds less memory of two that are as good', () => {
    const others = [burstable('fat', '1', '2Gi'), burstable('thin', '1', '1Gi')];
    expect(names(planEntry(critical({ requests: { cpu: '1' } }), node, others))).toEqual(['thin']);
  });

  it('has a best-effort pod go when there are too many pods', () => {
    const others = [burstable('b', '100m'), pod('e1'), guaranteed('g', '100m'), pod('e2'), pod('e3')];
    expect(names(planEntry(critical({}), node, others))).toEqual(['e3']);
  });

  it('is refused when all that weaker pods hold is too little, with the rest of the need', () => {
    const equal = pod('equal', { requests: { cpu: '1500m' }, spec: { priority: CRITICAL } });
    const entry = planEntry(critical({ requests: { cpu: '2' } }), node, [equal, burstable('b', '300m')]);
    const why = 'no set of running pods found to reclaim resources: [(res: cpu, q: 1500), ]';
    expect(entry).toEqual({
      reason: 'UnexpectedAdmissionError',
      message: `Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: ${why}`,
    });
  });

  it('has nobody go when it cannot stay anyway', () => {
    const wish = { requests: { cpu: '2' }, spec: { nodeSelector: { disk: 'fast' } } };
    expect(planEntry(critical(wish), node, [burstable('b', '300m')])).toMatchObject({ reason: 'NodeAffinity' });
  });

  it('fits once its victims are gone, and none of them goes in vain', () => {
    const cpu = fc.integer({ min: 0, max: 12 }).map((tenths) => `${tenths * 100}m`);
    const memory = fc.integer({ min: 0, max: 6 }).map((parts) => `${parts * 512}Mi`);
    const other = fc.record({ cpu, memory, isGuaranteed: fc.boolean(), isCritical: fc.boolean() });
    fc.assert(
      fc.property(fc.array(other, { maxLength: 8 }), cpu, memory, (wishes, ownCpu, ownMemory) => {
        const others = wishes.map(({ isGuaranteed, isCritical, ...requests }, i) =>
          pod(`o${i}`, { requests, ...(isGuaranteed && { limits: requests }), spec: { priority: isCritical ? CRITICAL : 0 } }),
        );
        const newcomer = critical({ requests: { cpu: ownCpu, memory: ownMemory } });
        const entry = planEntry(newcomer, node, others);
        const weaker = others.filter(({ spec }) => spec?.priority === 0);
        if (!('victims' in entry)) {
          const rest = others.filter((o) => !weaker.includes(o));
          expect(planAdmission(newcomer, node, rest)).not.toEqual([]);
          return;
        }
        for (const victim of entry.victims) expect(weaker).toContain(victim);
        expect(
          planAdmission(
            newcomer,
            node,
            others.filter((o) => !entry.victims.includes(o)),
          ),
        ).toEqual([]);
        if (planAdmission(newcomer, node, others).length === 0) expect(entry.victims).toEqual([]);
      }),
    );
  });
});
