import { describe, expect, it, test } from 'vitest';
import type { HookContext } from '../define.ts';
import * as api from '../index.ts';
import type { Node, PersistentVolumeClaim, Pod } from '../schema/generated/types.ts';
import { firstOfMany } from './first-of-many.ts';

const context = (subresource: string): HookContext => ({ now: '2020-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource });

test.each([
  [undefined, undefined, '', []],
  ['a', undefined, 'a', ['a']],
  [undefined, ['a', 'b'], 'a', ['a', 'b']],
  ['a', ['a', 'b'], 'a', ['a', 'b']],
  ['c', ['a', 'b'], 'c', ['c']],
])('of %s and %j the one is %s, and the many are %j', (one, many, first, all) => {
  expect(firstOfMany(one, many)).toEqual({ one: first, many: all });
});

it('a pod and a node that know one address or range know it by both names', () => {
  const pod = { spec: { containers: [] }, status: { podIP: '10.0.0.1' } } as Pod;
  api.pods.hooks.defaults?.(pod);
  expect(pod.status?.podIPs).toEqual([{ ip: '10.0.0.1' }]);
  const node = { spec: { podCIDRs: ['10.0.0.0/24'] } } as Node;
  api.nodes.hooks.defaults?.(node);
  expect(node.spec?.podCIDR).toBe('10.0.0.0/24');
});

describe('a status without a phase', () => {
  it.each([
    [api.namespaces, 'Active'],
    [api.persistentVolumes, 'Pending'],
    [api.persistentVolumeClaims, 'Pending'],
  ] as const)('of %o starts over', ({ hooks }, phase) => {
    const object = { metadata: { name: 'x' }, status: {} };
    hooks.defaults?.(object as never);
    expect(object.status).toEqual({ phase });
  });
});

it('a status of a pod keeps the generations that were seen, unless it says others', () => {
  const old = {
    status: { observedGeneration: 3, qosClass: 'Burstable', conditions: [{ type: 'Ready', status: 'True', observedGeneration: 2 }] },
  } as Pod;
  const pod = {
    status: {
      qosClass: 'Guaranteed',
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  } as Pod;
  api.pods.hooks.prepareForUpdate?.(pod, old, context('status'));
  expect(pod.status).toEqual({
    observedGeneration: 3,
    qosClass: 'Guaranteed',
    conditions: [
      { type: 'Ready', status: 'False', observedGeneration: 2 },
      { type: 'Ready', status: 'True' },
    ],
  });
});

describe('the source of a claim', () => {
  const made = (spec: object) => {
    const claim = { spec } as PersistentVolumeClaim;
    api.persistentVolumeClaims.hooks.prepareForCreate?.(claim, context(''));
    return claim.spec;
  };
  const other = { kind: 'PersistentVolumeClaim', name: 'c' };
  it.each([
    [{ dataSource: other }, { dataSource: other, dataSourceRef: other }],
    [{ dataSourceRef: other }, { dataSource: other, dataSourceRef: other }],
    [{ dataSource: { kind: 'Pod', name: 'p' } }, {}],
    [{ dataSourceRef: { ...other, namespace: 'n' } }, {}],
  ])('%j is stored as %j', (sent, stored) => expect(made(sent)).toEqual(stored));

  it('may be left out of either field by an update', () => {
    const old = { spec: { dataSource: other, dataSourceRef: other } } as PersistentVolumeClaim;
    const claim = { spec: { dataSourceRef: other } } as PersistentVolumeClaim;
    api.persistentVolumeClaims.hooks.prepareForUpdate?.(claim, old, context(''));
    expect(claim.spec).toEqual(old.spec);
  });
});

it.each<[object, string[]]>([
  [{ capacity: { storage: '-1' } }, ['status.capacity[storage]: Invalid value: -1: must be a valid resource quantity']],
  [
    { allocatedResourceStatuses: { storage: 'Odd' } },
    [
      'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
    ],
  ],
  [{ allocatedResources: { cpu: '1' } }, ['status.allocatedResources: Unsupported value: "cpu": supported values: "storage"']],
])('the status %j of a claim finds %j', (status, findings) => {
  const claim = { spec: { accessModes: ['ReadWriteOnce'] }, status } as PersistentVolumeClaim;
  const found = api.persistentVolumeClaims.hooks.validateStatus?.(claim, claim) ?? [];
  expect(found.map(({ path, message }) => `${path}: ${message}`)).toEqual(findings);
});

it('what is wrong with a volume or with the taints of a node counts twice in an update, but not in one of its status', () => {
  const volume = { metadata: { name: 'v' }, spec: { hostPath: { path: '/x' }, capacity: { storage: '1Gi' } } };
  const mode = api.persistentVolumes.hooks.validateUpdate?.(volume as never, volume as never, context('')) ?? [];
  expect(mode.map(({ path }) => path)).toEqual(['spec.accessModes']);
  const node = { metadata: { name: 'n' }, spec: { taints: [{ key: 'a' }] } };
  const taints = api.nodes.hooks.validateUpdate?.(node as never, node as never, context('')) ?? [];
  expect(taints.map(({ path }) => path)).toEqual(['metadata.taints[0].effect']);
  const full = { metadata: { name: 'n' }, status: { capacity: { cpu: '-1' } } };
  const capacity = api.nodes.hooks.validateStatus?.(full as never, full as never) ?? [];
  expect(capacity.map(({ path }) => path)).toEqual(['status.capacity.cpu']);
});
