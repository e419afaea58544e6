import { beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Ingress, PersistentVolumeClaim, Pod } from '../../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';

const at = { namespace: 'n' };
let api: FakeApi;
beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
  await api.call('create', 'serviceaccounts', { ...at, body: { metadata: { name: 'default' } } });
});
const make = <T = KubeObject>(id: string, body: object, where: object = at) => api.call<T>('create', id, { ...where, body });
const storageClass = (name: string, more: object = {}, annotations: object = {}) =>
  make('storageclasses.storage.k8s.io', { metadata: { name, annotations }, provisioner: 'p', ...more }, {});
const claim = (name: string, spec: object = {}, annotations: object = {}) => ({
  metadata: { name, annotations },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const pod = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'x' }], ...spec } });

describe('claims', () => {
  const DEFAULT = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  const classOf = async (body: object) => (await make<PersistentVolumeClaim>('persistentvolumeclaims', body)).spec?.storageClassName;

  it('without a class get the newest default, unless they want none', async () => {
    expect(await classOf(claim('before'))).toBeUndefined();
    await storageClass('old', {}, DEFAULT);
    await api.clock.advance(1000);
    await storageClass('b', {}, DEFAULT);
    await storageClass('a', {}, { 'storageclass.beta.kubernetes.io/is-default-class': 'true' });
    await storageClass('other');
    expect(await classOf(claim('after'))).toBe('a');
    expect(await classOf(claim('none', { storageClassName: '' }))).toBe('');
    expect(await classOf(claim('beta', {}, { 'volume.beta.kubernetes.io/storage-class': 'other' }))).toBeUndefined();
  });

  it('and volumes are protected while they may be in use', async () => {
    const { metadata } = await make('persistentvolumeclaims', { ...claim('c'), metadata: { name: 'c', finalizers: ['a/b'] } });
    expect(metadata?.finalizers).toEqual(['a/b', 'kubernetes.io/pvc-protection']);
    const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } };
    const volume = await make('persistentvolumes', { metadata: { name: 'v', finalizers: ['kubernetes.io/pv-protection'] }, spec }, {});
    expect(volume.metadata?.finalizers).toEqual(['kubernetes.io/pv-protection']);
  });

  it('grow when they are bound and their class allows it', async () => {
    await storageClass('fixed');
    await storageClass('elastic', { allowVolumeExpansion: true });
    for (const name of ['fixed', 'elastic']) await make('persistentvolumeclaims', claim(name, { storageClassName: name, volumeName: 'v' }));
    const patch = (name: string, body: object, subresource?: string) =>
      api.call('patch', 'persistentvolumeclaims', { ...at, name, subresource, patchType: 'merge', body });
    const grow = (name: string) => patch(name, { spec: { resources: { requests: { storage: '2Gi' } } } });
    await expect(grow('elastic')).rejects.toMatchObject({
      message: expect.stringMatching(/spec is immutable after creation except resources\.requests .* for bound claims\n@@ /),
    });
    for (const name of ['fixed', 'elastic']) await patch(name, { status: { phase: 'Bound' } }, 'status');
    await grow('elastic');
    await expect(grow('fixed')).rejects.toThrow(
      'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    );
    await patch('fixed', { metadata: { labels: { a: 'b' } } });
  });
});

describe('ingresses', () => {
  it('without a class get the default one', async () => {
    const ingress = (name: string, more: object = {}) => ({
      metadata: { name },
      spec: { defaultBackend: { service: { name: 's', port: { number: 1 } } } },
      ...more,
    });
    const id = 'ingresses.networking.k8s.io';
    expect((await make<Ingress>(id, ingress('a'))).spec?.ingressClassName).toBeUndefined();
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    await make('ingressclasses.networking.k8s.io', { metadata: { name: 'front', annotations }, spec: { controller: 'a.b/c' } }, {});
    expect((await make<Ingress>(id, ingress('b'))).spec?.ingressClassName).toBe('front');
    const old = { metadata: { name: 'c', annotations: { 'kubernetes.io/ingress.class': 'x' } } };
    expect((await make<Ingress>(id, ingress('c', old))).spec?.ingressClassName).toBeUndefined();
  });
});

describe('pods with a runtime class', () => {
  beforeEach(async () => {
    const scheduling = {
      nodeSelector: { kind: 'vm' },
      tolerations: [
        { key: 'vm', operator: 'Exists' },
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 },
      ],
    };
    const overhead = { podFixed: { cpu: '250m', memory: '64Mi' } };
    await make('runtimeclasses.node.k8s.io', { metadata: { name: 'vm' }, handler: 'vm', overhead, scheduling }, {});
    await make('runtimeclasses.node.k8s.io', { metadata: { name: 'plain' }, handler: 'runc' }, {});
  });
  const create = (spec: object) => make<Pod>('pods', pod('p', spec));

  it('take its overhead, node selector and tolerations', async () => {
    const { spec } = await create({ runtimeClassName: 'vm', nodeSelector: { disk: 'ssd' }, overhead: { memory: '65536Ki', cpu: '0.25' } });
    expect(spec).toMatchObject({ overhead: { cpu: '250m', memory: '64Mi' }, nodeSelector: { disk: 'ssd', kind: 'vm' } });
    expect(spec?.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
      ['vm', undefined],
    ]);
  });

  it.each([
    [{ runtimeClassName: 'ghost' }, 'pod rejected: RuntimeClass "ghost" not found'],
    [{ runtimeClassName: 'vm', overhead: { cpu: '1' } }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
    [
      { runtimeClassName: 'plain', overhead: { cpu: '1' } },
      'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
    ],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [
      { runtimeClassName: 'vm', nodeSelector: { kind: 'metal' } },
      'conflict: runtimeClass.scheduling.nodeSelector[kind] = vm; pod.spec.nodeSelector[kind] = metal',
    ],
  ])('are refused when they contradict it: %j', async (spec, why) => {
    await expect(create(spec)).rejects.toMatchObject({ code: 403, message: `pods "p" is forbidden: ${why}` });
  });
});

describe('pods on a node', () => {
  it('carry its zone and region, however they came there', async () => {
    const labels = { 'topology.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/region': 'r1', other: 'x' };
    await make('nodes', { metadata: { name: 'n1', labels } }, {});
    expect((await make('pods', pod('placed', { nodeName: 'n1' }))).metadata?.labels).toEqual({
      'topology.kubernetes.io/zone': 'z1',
      'topology.kubernetes.io/region': 'r1',
    });
    await make('pods', pod('free'));
    await make(
      'pods',
      { metadata: { name: 'free' }, target: { kind: 'Node', name: 'n1' } },
      { ...at, name: 'free', subresource: 'binding' },
    );
    const bound = await api.call<Pod>('get', 'pods', { ...at, name: 'free' });
    expect(bound).toMatchObject({ spec: { nodeName: 'n1' }, metadata: { labels: { 'topology.kubernetes.io/zone': 'z1' } } });
    expect((await make('pods', pod('lost', { nodeName: 'n2' }))).metadata?.labels).toBeUndefined();
  });
});
