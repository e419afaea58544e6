import { describe, expect, it } from 'vitest';
import { formatQuantity } from '../../base/quantity.ts';
import { type Amounts, toAmounts } from '../core/pod-resources.ts';
import type { KubeObject } from '../meta/object.ts';
import type { ResourceQuota } from '../schema/generated/types.ts';
import { countedResources, evaluatorFor, exceeds, increase, type QuotaView, quotaMatches, usageOf } from './quota.ts';

const NOW = Date.UTC(2026, 0, 1);
const quota = (hard: readonly string[], spec: object = {}): ResourceQuota => ({
  metadata: { name: 'q' },
  spec: { hard: Object.fromEntries(hard.map((name) => [name, '9'])), ...spec },
});
const text = (amounts: Amounts) => Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatQuantity(amount)]));
/** What else there is, by resource. */
const view = (objects: Readonly<Record<string, readonly object[]>>): QuotaView => ({
  get: <T extends KubeObject>(resource: string, _namespace: string, name: string) =>
    (objects[resource] as readonly T[] | undefined)?.find(({ metadata }) => metadata?.name === name),
  list: <T extends KubeObject>(resource: string) => (objects[resource] ?? []) as readonly T[],
});
const use = (
  resource: string,
  object: object,
  hard: readonly string[],
  spec: object = {},
  others: Readonly<Record<string, readonly object[]>> = {},
) => {
  const evaluator = evaluatorFor(resource);
  if (!evaluator) throw new Error(`nobody counts ${resource}`);
  return text(usageOf(quota(hard, spec), evaluator, object as KubeObject, NOW, view(others)));
};
const container = (resources: object = {}) => ({ name: 'c', image: 'x', resources });
const pod = (spec: object = {}, more: object = {}) => ({ spec: { containers: [container()], ...spec }, ...more });

describe('what a quota counts', () => {
  it.each([
    ['pods', ['pods']],
    ['requests.cpu', ['pods']],
    ['limits.ephemeral-storage', ['pods']],
    ['requests.nvidia.com/gpu', ['pods', 'resourceclaims.resource.k8s.io']],
    ['requests.deviceclass.resource.kubernetes.io/gpu', ['pods', 'resourceclaims.resource.k8s.io']],
    ['hugepages-2Mi', ['pods']],
    ['requests.hugepages-1Gi', ['pods']],
    ['services.nodeports', ['services']],
    ['requests.storage', ['persistentvolumeclaims']],
    ['gold.storageclass.storage.k8s.io/requests.storage', ['persistentvolumeclaims']],
    ['secrets', ['secrets']],
    ['count/secrets', ['secrets']],
    ['count/deployments.apps', ['deployments.apps']],
    ['count/widgets.example.com', ['widgets.example.com']],
    ['gpu.deviceclass.resource.k8s.io/devices', ['resourceclaims.resource.k8s.io']],
    ['limits.nvidia.com/gpu', []],
    ['nonsense', []],
  ])('%s is of %s', (name, resources) => {
    expect(countedResources(name)).toEqual(resources);
  });

  it('are not events', () => expect(evaluatorFor('events')).toBeUndefined());
});

describe('usage of pods', () => {
  const ALL = [
    'pods',
    'count/pods',
    'cpu',
    'requests.cpu',
    'limits.cpu',
    'requests.memory',
    'requests.example.com/x',
    'hugepages-2Mi',
    'requests.hugepages-2Mi',
    'requests.ephemeral-storage',
  ];
  const resources = {
    requests: { cpu: '1', memory: '1Gi', 'example.com/x': '2', 'hugepages-2Mi': '4Mi', 'ephemeral-storage': '1Gi' },
    limits: { cpu: '2', 'example.com/x': '2', 'hugepages-2Mi': '4Mi' },
  };

  it('is their number, their requests and their limits', () => {
    expect(use('pods', pod({ containers: [container(resources)] }), ALL)).toEqual({
      pods: '1',
      'count/pods': '1',
      cpu: '1',
      'requests.cpu': '1',
      'limits.cpu': '2',
      'requests.memory': '1Gi',
      'requests.example.com/x': '2',
      'hugepages-2Mi': '4Mi',
      'requests.hugepages-2Mi': '4Mi',
      'requests.ephemeral-storage': '1Gi',
    });
  });

  it.each([
    ['has succeeded', { status: { phase: 'Succeeded' } }],
    ['has failed', { status: { phase: 'Failed' } }],
    ['should be gone by now', { metadata: { deletionTimestamp: '2025-12-31T23:59:00Z', deletionGracePeriodSeconds: 30 } }],
  ])('is but their being there when the pod %s', (_, more) => {
    expect(use('pods', pod({ containers: [container(resources)] }, more), ALL)).toEqual({ 'count/pods': '1' });
  });

  it('lasts while they end in time', () => {
    const metadata = { deletionTimestamp: '2025-12-31T23:59:40Z', deletionGracePeriodSeconds: 30 };
    expect(use('pods', pod({}, { metadata }), ['pods'])).toEqual({ pods: '1' });
  });

  const priority = (operator: string, values?: string[]) => ({
    scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
  });
  const BUSY = { containers: [container({ requests: { cpu: '1' } })] };
  const far = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a', namespaces: ['x'] }] };
  it.each([
    ['Terminating', { scopes: ['Terminating'] }, { activeDeadlineSeconds: 5 }, {}],
    ['NotTerminating', { scopes: ['NotTerminating'] }, {}, { activeDeadlineSeconds: 0 }],
    ['BestEffort', { scopes: ['BestEffort'] }, {}, BUSY],
    ['NotBestEffort', { scopes: ['NotBestEffort'] }, BUSY, {}],
    ['two scopes', { scopes: ['NotBestEffort', 'Terminating'] }, { ...BUSY, activeDeadlineSeconds: 5 }, BUSY],
    ['PriorityClass In', priority('In', ['high']), { priorityClassName: 'high' }, { priorityClassName: 'low' }],
    ['PriorityClass NotIn', priority('NotIn', ['high']), {}, { priorityClassName: 'high' }],
    ['PriorityClass Exists', priority('Exists'), { priorityClassName: 'x' }, {}],
    ['PriorityClass DoesNotExist', priority('DoesNotExist'), {}, { priorityClassName: 'x' }],
    [
      'CrossNamespacePodAffinity',
      { scopes: ['CrossNamespacePodAffinity'] },
      { affinity: { podAntiAffinity: far } },
      {
        affinity: {
          podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'a' } }] },
        },
      },
    ],
  ])('counts by scope: %s', (_, spec, inside, outside) => {
    expect([use('pods', pod(inside), ['pods'], spec), use('pods', pod(outside), ['pods'], spec)]).toEqual([{ pods: '1' }, {}]);
  });

  it('must be said where it is counted, by each container', () => {
    const evaluator = evaluatorFor('pods');
    const silent = { ...container(), name: 'b' };
    const object = pod({ containers: [container({ limits: { cpu: '1' } }), silent], initContainers: [{ ...silent, name: 'a' }] });
    const missing = (names: string[], of: object = object) => evaluator?.missing?.(names, of as KubeObject);
    expect(missing(['pods', 'requests.memory', 'limits.cpu'])).toBe('must specify limits.cpu for: a,b; requests.memory for: a,b,c');
    expect(missing(['requests.ephemeral-storage', 'requests.example.com/x'])).toBeUndefined();
    expect(missing(['limits.cpu'], pod({ resources: { limits: { cpu: '1' } } }))).toBeUndefined();
  });
});

describe('usage of other kinds', () => {
  const SERVICES = ['services', 'services.nodeports', 'services.loadbalancers', 'count/services'];
  const service = (spec: object) => ({ spec: { ports: [{ port: 1 }, { port: 2, nodePort: 30001 }], ...spec } });
  it.each([
    ['ClusterIP', service({}), '0', '0'],
    ['NodePort', service({ type: 'NodePort' }), '2', '0'],
    ['LoadBalancer', service({ type: 'LoadBalancer' }), '2', '1'],
    ['LoadBalancer without node ports of its own', service({ type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }), '1', '1'],
  ])('a %s Service', (_, object, nodePorts, balancers) => {
    expect(use('services', object, SERVICES)).toEqual({
      services: '1',
      'count/services': '1',
      'services.nodeports': nodePorts,
      'services.loadbalancers': balancers,
    });
  });

  const GOLD = 'gold.storageclass.storage.k8s.io';
  const CLAIMS = [
    'persistentvolumeclaims',
    'requests.storage',
    `${GOLD}/requests.storage`,
    `${GOLD}/persistentvolumeclaims`,
    'tin.storageclass.storage.k8s.io/persistentvolumeclaims',
  ];
  const claim = (spec: object = {}, status: object = {}) => ({ spec: { resources: { requests: { storage: '1Gi' } }, ...spec }, status });
  it.each([
    [
      'of a class',
      claim({ storageClassName: 'gold' }),
      {
        persistentvolumeclaims: '1',
        'requests.storage': '1Gi',
        [`${GOLD}/requests.storage`]: '1Gi',
        [`${GOLD}/persistentvolumeclaims`]: '1',
      },
    ],
    ['without one', claim(), { persistentvolumeclaims: '1', 'requests.storage': '1Gi' }],
    [
      'that has taken more than it asks for',
      claim({}, { allocatedResources: { storage: '3Gi' } }),
      { persistentvolumeclaims: '1', 'requests.storage': '3Gi' },
    ],
    [
      'of a part of a byte',
      claim({ resources: { requests: { storage: '1500m' } } }),
      { persistentvolumeclaims: '1', 'requests.storage': '2' },
    ],
  ])('a claim %s', (_, object, expected) => {
    expect(use('persistentvolumeclaims', object, CLAIMS)).toEqual(expected);
  });

  it('claims by the class of their attributes, asked for, current or on the way', () => {
    const spec = { scopeSelector: { matchExpressions: [{ scopeName: 'VolumeAttributesClass', operator: 'In', values: ['fast'] }] } };
    const counted = (object: object) => use('persistentvolumeclaims', object, ['persistentvolumeclaims'], spec).persistentvolumeclaims;
    expect(counted(claim({ volumeAttributesClassName: 'fast' }))).toBe('1');
    expect(counted(claim({}, { modifyVolumeStatus: { targetVolumeAttributesClassName: 'fast' } }))).toBe('1');
    expect(counted(claim({ volumeAttributesClassName: 'slow' }, { currentVolumeAttributesClassName: 'fast' }))).toBe('1');
    expect(counted(claim({ volumeAttributesClassName: 'slow' }))).toBeUndefined();
  });

  it('claims of devices by their class', () => {
    const requests = [
      { name: 'a', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 } },
      { name: 'b', firstAvailable: [{ deviceClassName: 'gpu' }, { deviceClassName: 'gpu', count: 3 }, { deviceClassName: 'nic' }] },
    ];
    const names = ['gpu', 'nic'].map((name) => `${name}.deviceclass.resource.k8s.io/devices`);
    expect(use('resourceclaims.resource.k8s.io', { spec: { devices: { requests } } }, names)).toEqual({
      [names[0] ?? '']: '5',
      [names[1] ?? '']: '1',
    });
  });

  it('everything else by number; nothing of it has a scope', () => {
    expect(use('configmaps', {}, ['configmaps', 'count/configmaps', 'pods'])).toEqual({ configmaps: '1', 'count/configmaps': '1' });
    expect(use('widgets.example.com', {}, ['count/widgets.example.com'])).toEqual({ 'count/widgets.example.com': '1' });
    const evaluator = evaluatorFor('configmaps');
    expect(evaluator && quotaMatches(quota(['configmaps'], { scopes: ['NotTerminating'] }), evaluator, {})).toBe(false);
  });
});

describe('room under a quota', () => {
  const q = { metadata: { name: 'q' }, spec: { hard: { pods: '3', 'requests.cpu': '2' } } };
  it('is left up to the limit itself, and only what exceeds is named', () => {
    const used = toAmounts({ pods: '2', 'requests.cpu': '1500m' });
    expect(exceeds(q, used, toAmounts({ pods: '1', 'requests.cpu': '500m' }))).toBeUndefined();
    expect(exceeds(q, used, toAmounts({ pods: '1', 'requests.cpu': '501m' }))).toBe(
      'exceeded quota: q, requested: requests.cpu=501m, used: requests.cpu=1500m, limited: requests.cpu=2',
    );
    expect(exceeds(q, used, toAmounts({ pods: '2', 'requests.cpu': '1' }))).toBe(
      'exceeded quota: q, requested: pods=2,requests.cpu=1, used: pods=2,requests.cpu=1500m, limited: pods=3,requests.cpu=2',
    );
  });

  it('is needed for what grows alone', () => {
    expect(text(increase(toAmounts({ a: '3', b: '1', c: '2' }), toAmounts({ a: '1', b: '2', c: '2' })))).toEqual({ a: '2' });
  });
});

describe('devices that extended resources stand for', () => {
  const GPU = 'requests.example.com/gpu';
  const BY_CLASS = 'requests.deviceclass.resource.kubernetes.io/gpu';
  const hard = [GPU, BY_CLASS];
  const CLASSES = 'deviceclasses.resource.k8s.io';
  const CLAIMS = 'resourceclaims.resource.k8s.io';
  const gpu = { metadata: { name: 'gpu' }, spec: { extendedResourceName: 'example.com/gpu' } };
  const requests = [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 3 } }];
  const claim = (metadata: object = {}) => ({ metadata: { name: 'c', uid: 'c', ...metadata }, spec: { devices: { requests } } });
  const special = (metadata: object = {}) =>
    claim({
      annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true }],
      ...metadata,
    });
  const owner = (asked: object, status: object = {}) =>
    pod({ containers: [container({ requests: asked })] }, { metadata: { name: 'p', uid: 'u' }, status });

  it('are counted by the requests of pods under either name', () => {
    const asked = { 'example.com/gpu': '2', 'deviceclass.resource.kubernetes.io/gpu': '1' };
    expect(use('pods', owner(asked), hard)).toEqual({ [GPU]: '2', [BY_CLASS]: '1' });
  });

  it('are counted by claims for the class as well, if it names a resource', () => {
    expect(use(CLAIMS, claim(), hard, {}, { [CLASSES]: [gpu] })).toEqual({ [GPU]: '3', [BY_CLASS]: '3' });
    expect(use(CLAIMS, claim(), hard, {}, { [CLASSES]: [{ metadata: { name: 'gpu' }, spec: {} }] })).toEqual({});
    expect(use(CLAIMS, claim(), hard)).toEqual({});
  });

  it('are not counted twice for a pod and the claim that was made for it', () => {
    const others = (status: object) => ({ [CLASSES]: [gpu], pods: [owner({ 'example.com/gpu': '2' }, status)] });
    const named = { extendedResourceClaimStatus: { resourceClaimName: 'c', requestMappings: [] } };
    expect(use(CLAIMS, special(), hard, {}, others(named))).toEqual({ [GPU]: '1', [BY_CLASS]: '3' });
    expect(use(CLAIMS, special(), hard, {}, others({}))).toEqual({ [GPU]: '1', [BY_CLASS]: '3' });
    expect(use(CLAIMS, claim(), hard, {}, others(named))).toEqual({ [GPU]: '3', [BY_CLASS]: '3' });
  });

  it.each([
    ['the pod has another claim', { extendedResourceClaimStatus: { resourceClaimName: 'other' } }, []],
    ['the pod has ended', { phase: 'Succeeded' }, []],
    ['another was made for it before', {}, [special({ name: 'd', uid: 'd', creationTimestamp: '2026-01-01T00:00:00Z' })]],
  ])('are all counted for a claim when %s', (_when, status, claims) => {
    const others = { [CLASSES]: [gpu], pods: [owner({ 'example.com/gpu': '3' }, status)], [CLAIMS]: claims };
    const mine = special({ creationTimestamp: '2026-01-02T00:00:00Z' });
    expect(use(CLAIMS, mine, hard, {}, others)).toEqual({ [GPU]: '3', [BY_CLASS]: '3' });
  });
});
