import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Pod, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { planClaim } from './claim-plan.ts';
import { claimStatuses, generateName, planPodClaims, unreservedClaims } from './pod-claims-plan.ts';

const FINALIZER = 'resource.kubernetes.io/delete-protection';
const PROTECTED = { finalizers: [FINALIZER] };
const template: ResourceClaimTemplate = {
  metadata: { name: 't', namespace: 'n' },
  spec: { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } }, spec: { devices: { requests: [{ name: 'r' }] } } },
};
const podOf = (rest: Pod = {}): Pod => ({
  ...rest,
  metadata: { name: 'p', namespace: 'n', uid: 'u', ...rest.metadata },
  spec: { containers: [], resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }], ...rest.spec },
});
const owned = (name: string, annotation?: string): ResourceV1ResourceClaim => ({
  metadata: {
    name,
    namespace: 'n',
    annotations: annotation ? { 'resource.kubernetes.io/pod-claim-name': annotation } : {},
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }],
  },
  spec: {},
});
const viewOf = (claims: readonly ResourceV1ResourceClaim[] = [], withTemplate = true) => ({
  claim: (name: string) => claims.find(({ metadata }) => metadata?.name === name),
  template: () => (withTemplate ? template : undefined),
  owned: claims.filter(({ metadata }) => metadata?.ownerReferences),
});
const recorded = (resourceClaimName?: string): Pod =>
  podOf({ status: { resourceClaimStatuses: [{ name: 'gpu', ...(resourceClaimName && { resourceClaimName }) }] } });

describe("a pod's claims", () => {
  it('are made from the template, owned by the pod and marked with the entry', () => {
    const [step] = planPodClaims(podOf(), viewOf());
    expect(step).toMatchObject({
      do: 'create',
      entry: 'gpu',
      claim: {
        metadata: {
          generateName: 'p-gpu-',
          labels: { a: 'b' },
          annotations: { c: 'd', 'resource.kubernetes.io/pod-claim-name': 'gpu' },
          ownerReferences: [{ kind: 'Pod', name: 'p', uid: 'u', controller: true }],
        },
        spec: template.spec.spec,
      },
    });
  });

  it.each([
    ['are known', recorded('x'), viewOf([owned('x')])],
    ['are not needed', recorded(), viewOf()],
    ['are named', podOf({ spec: { containers: [], resourceClaims: [{ name: 'gpu', resourceClaimName: 'mine' }] } }), viewOf()],
    ['are of a pod that has ended', podOf({ status: { phase: 'Succeeded' } }), viewOf()],
    ['are of a pod that goes', podOf({ metadata: { deletionTimestamp: 'now' } }), viewOf()],
  ])('are left alone when they %s', (_, pod, view) => {
    expect(planPodClaims(pod, view)).toEqual([]);
  });

  it.each([
    ['the one that was named is gone', recorded('x'), viewOf([])],
    ['the one that was named is of somebody else', recorded('x'), viewOf([{ metadata: { name: 'x' }, spec: {} }])],
    ['what the pod owns was made for another entry', podOf(), viewOf([owned('y', 'nic'), owned('z')])],
  ])('are made when %s', (_, pod, view) => {
    expect(planPodClaims(pod, view)).toMatchObject([{ do: 'create', entry: 'gpu' }]);
  });

  it('are found again when they were made and not recorded', () => {
    expect(planPodClaims(podOf(), viewOf([owned('y', 'gpu')]))).toEqual([{ do: 'record', entry: 'gpu', name: 'y' }]);
  });

  it("cannot be made without their template, in upstream's words", () => {
    const message = 'resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found';
    expect(planPodClaims(podOf(), viewOf([], false))).toEqual([{ do: 'fail', entry: 'gpu', message }]);
  });

  it('are listed by name in the status, with those that were there', () => {
    expect(claimStatuses(recorded('x'), new Map())).toBeUndefined();
    expect(claimStatuses(recorded('x'), new Map([['fpga', 'y']]))).toEqual([
      { name: 'fpga', resourceClaimName: 'y' },
      { name: 'gpu', resourceClaimName: 'x' },
    ]);
  });

  test('have names that leave room for what the server adds, and keep a part of both names', () => {
    const name = fc.stringMatching(/^[a-z]{1,63}$/);
    fc.assert(
      fc.property(name, name, (pod, entry) => {
        const base = generateName(pod, entry);
        expect(base.length).toBeLessThanOrEqual(57);
        expect(base).toMatch(/^[a-z]*-[a-z]*-?$/);
        if (pod.length + entry.length <= 55) expect(base).toBe(`${pod}-${entry}-`);
      }),
    );
  });

  it('with devices are reserved for a pod that somebody gave a node', () => {
    const status = { allocation: {} };
    const claim = { ...owned('x'), status };
    const placed = { ...recorded('x'), spec: { ...recorded('x').spec, containers: [], nodeName: 'n1' } };
    expect(unreservedClaims(placed, viewOf([claim]).claim)).toEqual([claim]);
    expect(unreservedClaims(recorded('x'), viewOf([claim]).claim)).toEqual([]);
    const reserved = { ...claim, status: { ...status, reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] } };
    expect(unreservedClaims(placed, viewOf([reserved]).claim)).toEqual([]);
    expect(unreservedClaims(placed, viewOf([{ ...claim, metadata: { name: 'x' } }]).claim)).toEqual([]);
  });
});

describe('a claim', () => {
  const claimOf = (status: ResourceV1ResourceClaim['status'], metadata: object = {}): ResourceV1ResourceClaim => ({
    metadata: { name: 'c', namespace: 'n', ...metadata },
    spec: {},
    status,
  });
  const user = (name: string, uid = 'u') => ({ resource: 'pods', name, uid });
  const pods =
    (...list: Pod[]) =>
    (name: string) =>
      list.find(({ metadata }) => metadata?.name === name);
  const allocation = { nodeSelector: { nodeSelectorTerms: [] } };

  it('keeps its devices while one consumer is there', () => {
    const claim = claimOf({ allocation, reservedFor: [user('p'), user('gone')] }, PROTECTED);
    expect(planClaim(claim, pods(podOf()))).toEqual({
      status: { allocation, reservedFor: [user('p')] },
      release: false,
      remove: false,
    });
  });

  it.each([
    ['is gone', pods()],
    ['was replaced', pods(podOf({ metadata: { uid: 'other' } }))],
    ['ended', pods(podOf({ status: { phase: 'Succeeded' } }))],
    ['was deleted before it got a node', pods(podOf({ metadata: { deletionTimestamp: 'now' } }))],
  ])('gives its devices back when its last consumer %s', (_, consumer) => {
    const claim = claimOf({ allocation, reservedFor: [user('p')] }, PROTECTED);
    expect(planClaim(claim, consumer)).toEqual({ status: {}, release: true, remove: false });
  });

  it('keeps devices that nobody has used yet, and consumers that are no pods', () => {
    expect(planClaim(claimOf({ allocation }, PROTECTED), pods())).toEqual({ release: false, remove: false });
    const other = { apiGroup: 'a.example', resource: 'things', name: 'x', uid: 'y' };
    expect(planClaim(claimOf({ allocation, reservedFor: [other] }, PROTECTED), pods())).toEqual({ release: false, remove: false });
  });

  it('that is deleted goes with its devices once nobody uses it', () => {
    const going = { ...PROTECTED, deletionTimestamp: 'now' };
    expect(planClaim(claimOf({ allocation, reservedFor: [user('p')] }, going), pods(podOf()))).toEqual({ release: false, remove: false });
    expect(planClaim(claimOf({ allocation }, going), pods())).toEqual({ status: {}, release: true, remove: false });
    expect(planClaim(claimOf({}, going), pods())).toEqual({ release: true, remove: false });
  });

  it.each([
    ['ended', pods(podOf({ status: { phase: 'Failed' } })), true],
    ['was replaced', pods(podOf({ metadata: { uid: 'other' } })), true],
    ['may run', pods(podOf()), false],
    ['is not known yet', pods(), false],
  ])('that was made for a pod which %s is deleted, or not', (_, consumer, remove) => {
    expect(planClaim(owned('c'), consumer).remove).toBe(remove);
  });

  test('has only living consumers after one step, and then nothing is left to do', () => {
    const phase = fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed');
    const consumers = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), uid: fc.constantFrom('u', 'w'), phase, exists: fc.boolean() }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(consumers, fc.boolean(), fc.boolean(), (list, isAllocated, isGoing) => {
        const known = pods(
          ...list.filter(({ exists }) => exists).map((one) => podOf({ metadata: { name: one.name }, status: { phase: one.phase } })),
        );
        const reservedFor = list.map(({ name, uid }) => user(name, uid));
        const metadata = { ...PROTECTED, ...(isGoing && { deletionTimestamp: 'now' }) };
        const claim = claimOf({ ...(isAllocated && { allocation }), reservedFor }, metadata);
        const plan = planClaim(claim, known);
        const status = plan.status ?? claim.status;
        const living = list.filter((one) => one.exists && one.uid === 'u' && ['Pending', 'Running'].includes(one.phase));
        expect(status?.reservedFor ?? []).toEqual(living.map(({ name, uid }) => user(name, uid)));
        if (living.length > 0) expect(status?.allocation !== undefined).toBe(isAllocated);
        const finalizers = plan.release ? [] : [FINALIZER];
        const next = planClaim({ ...claim, status, metadata: { ...claim.metadata, finalizers } }, known);
        expect(next).toEqual({ release: false, remove: false });
      }),
    );
  });
});
