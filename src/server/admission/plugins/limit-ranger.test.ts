import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';

const at = { namespace: 'n' };
let api: FakeApi;
beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'n' } } });
  await api.call('create', 'serviceaccounts', { ...at, body: { metadata: { name: 'default' } } });
});
const limits = (...items: object[]) =>
  api.call('create', 'limitranges', { ...at, body: { metadata: { generateName: 'l' }, spec: { limits: items } } });
const container = (name: string, resources: object = {}, more: object = {}) => ({ name, image: 'x', resources, ...more });
const create = (spec: object, name = 'p') => api.call<Pod>('create', 'pods', { ...at, body: { metadata: { name }, spec } });
const why = (reason: string, name = 'p') => ({ code: 403, reason: 'Forbidden', message: `pods "${name}" is forbidden: ${reason}` });

describe('defaults', () => {
  it('fill what containers do not say, and a note says what was filled', async () => {
    await limits({ type: 'Container', default: { cpu: '500m', memory: '512Mi' }, defaultRequest: { cpu: '100m', memory: '256Mi' } });
    const pod = await create({
      containers: [container('a'), container('b', { requests: { cpu: '200m' }, limits: { memory: '1Gi' } })],
      initContainers: [container('i', { limits: { cpu: '1', memory: '1Gi' } })],
    });
    expect(pod.spec?.containers.map(({ resources }) => resources)).toEqual([
      { limits: { cpu: '500m', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
      { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '200m', memory: '1Gi' } },
    ]);
    expect(pod.spec?.initContainers?.[0]?.resources).toEqual({
      limits: { cpu: '1', memory: '1Gi' },
      requests: { cpu: '1', memory: '1Gi' },
    });
    expect(pod.metadata?.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; cpu limit for container b',
    );
    expect(pod.status?.qosClass).toBe('Burstable');
  });

  it('make a maximum the default limit, and a pod that says everything is left alone', async () => {
    await limits({ type: 'Container', max: { cpu: '1' } });
    expect((await create({ containers: [container('a')] })).spec?.containers[0]?.resources).toEqual({
      limits: { cpu: '1' },
      requests: { cpu: '1' },
    });
    const said = await create({ containers: [container('a', { limits: { cpu: '100m' } })] }, 'q');
    expect(said.metadata?.annotations).toBeUndefined();
  });

  it('do not reach pods that are there already', async () => {
    await create({ containers: [container('a')] });
    await limits({ type: 'Container', max: { cpu: '1' } });
    const body = { metadata: { labels: { a: 'b' } } };
    const pod = await api.call<Pod>('patch', 'pods', { ...at, name: 'p', patchType: 'merge', body });
    expect(pod.spec?.containers[0]?.resources).toEqual({});
  });
});

describe('bounds of containers', () => {
  const cpu = (request: string, limit: string) => ({ requests: { cpu: request }, limits: { cpu: limit } });
  const item = (bounds: object) => ({ type: 'Container', ...bounds });
  it.each([
    ['a limit above the maximum', { max: { cpu: '1' } }, cpu('1', '2'), 'maximum cpu usage per Container is 1, but limit is 2'],
    [
      'a request below the minimum',
      { min: { cpu: '100m' } },
      cpu('50m', '1'),
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [
      'a ratio too large',
      { maxLimitRequestRatio: { cpu: '2' } },
      cpu('100m', '250m'),
      'cpu max limit to request ratio per Container is 2, but provided ratio is 2.500000',
    ],
    [
      'a ratio of nothing',
      { maxLimitRequestRatio: { cpu: '2' } },
      {},
      'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
    ],
    [
      'several faults at once',
      { max: { cpu: '1', memory: '1Gi' } },
      { limits: { cpu: '1500m', memory: '2Gi' } },
      '[maximum cpu usage per Container is 1, but limit is 1500m, maximum memory usage per Container is 1Gi, but limit is 2Gi]',
    ],
  ])('refuse %s', async (_, bounds, resources, reason) => {
    await limits(item(bounds));
    await expect(create({ containers: [container('a', resources)] })).rejects.toMatchObject(why(reason));
  });

  it('hold for init containers and sidecars as well, and let through what fits exactly', async () => {
    await limits(item({ max: { cpu: '1' }, min: { cpu: '100m' }, maxLimitRequestRatio: { cpu: '4' } }));
    const fits = container('a', cpu('250m', '1'));
    await create({ containers: [fits], initContainers: [container('s', cpu('100m', '400m'), { restartPolicy: 'Always' })] });
    const big = container('i', cpu('1', '2'));
    for (const more of [{}, { restartPolicy: 'Always' }]) {
      await expect(create({ containers: [fits], initContainers: [{ ...big, ...more }] }, 'q')).rejects.toMatchObject(
        why('maximum cpu usage per Container is 1, but limit is 2', 'q'),
      );
    }
  });
});

describe('bounds of pods', () => {
  const one = container('a', { requests: { cpu: '500m' }, limits: { cpu: '1' } });
  it('hold for the sum of containers, for the peak of init containers, and for what is asked for the whole pod', async () => {
    await limits({ type: 'Pod', max: { cpu: '2' }, min: { cpu: '500m' } });
    await create({ containers: [one, { ...one, name: 'b' }] });
    await expect(create({ containers: [one, { ...one, name: 'b' }, { ...one, name: 'c' }] }, 'q')).rejects.toMatchObject(
      why('maximum cpu usage per Pod is 2, but limit is 3', 'q'),
    );
    const init = container('i', { requests: { cpu: '3' }, limits: { cpu: '3' } });
    await expect(create({ containers: [one], initContainers: [init] }, 'q')).rejects.toThrow('per Pod is 2, but limit is 3');
    await expect(create({ containers: [one], resources: { limits: { cpu: '4' } } }, 'q')).rejects.toThrow('per Pod is 2, but limit is 4');
    await expect(create({ containers: [container('a')] }, 'q')).rejects.toMatchObject(
      why('[minimum cpu usage per Pod is 500m.  No request is specified, maximum cpu usage per Pod is 2.  No limit is specified]', 'q'),
    );
  });
});

describe('bounds of claims', () => {
  const claim = (name: string, storage: string) =>
    api.call('create', 'persistentvolumeclaims', {
      ...at,
      body: { metadata: { name }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } } },
    });
  it('hold for what is requested', async () => {
    await limits({ type: 'PersistentVolumeClaim', min: { storage: '1Gi' }, max: { storage: '2Gi' } });
    await claim('ok', '1536Mi');
    await expect(claim('small', '512Mi')).rejects.toMatchObject({
      message: 'persistentvolumeclaims "small" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 512Mi',
    });
    await expect(claim('big', '3Gi')).rejects.toThrow('maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi');
  });
});

describe('a resize', () => {
  it('is held to the bounds, until the pod is being deleted', async () => {
    await api.call('create', 'nodes', { body: { metadata: { name: 'n1' }, status: { allocatable: { cpu: '4', memory: '4Gi' } } } });
    const resources = { requests: { cpu: '1' }, limits: { cpu: '1' } };
    await create({ containers: [container('a', resources)], nodeName: 'n1' });
    await limits({ type: 'Container', max: { cpu: '1' } });
    const spec = { containers: [{ name: 'a', resources: { requests: { cpu: '2' }, limits: { cpu: '2' } } }] };
    const resize = () => api.call('patch', 'pods', { ...at, name: 'p', subresource: 'resize', patchType: 'strategic', body: { spec } });
    await expect(resize()).rejects.toMatchObject(why('maximum cpu usage per Container is 1, but limit is 2'));
    await api.call('delete', 'pods', { ...at, name: 'p' });
    await resize();
  });
});
