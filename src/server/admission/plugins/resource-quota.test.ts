import { beforeEach, describe, expect, it } from 'vitest';
import type { Pod, ResourceQuota } from '../../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';

const at = { namespace: 'n' };
let api: FakeApi;
beforeEach(async () => {
  api = await fakeApi({ admission: undefined, serviceCidrs: ['10.43.0.0/16'] });
  for (const name of ['n', 'other']) {
    await api.call('create', 'namespaces', { body: { metadata: { name } } });
    await api.call('create', 'serviceaccounts', { namespace: name, body: { metadata: { name: 'default' } } });
  }
});
const quota = (hard: object, more: object = {}, name = 'q') =>
  api.call('create', 'resourcequotas', { ...at, body: { metadata: { name }, spec: { hard, ...more } } });
const pod = (name: string, resources: object = {}, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'x', resources }], ...spec },
});
const create = (name: string, resources: object = {}, spec: object = {}) =>
  api.call<Pod>('create', 'pods', { ...at, body: pod(name, resources, spec) });
const remove = (name: string) => api.call('delete', 'pods', { ...at, name, body: { gracePeriodSeconds: 0 } });
const configMap = (name: string) => api.call('create', 'configmaps', { ...at, body: { metadata: { name } } });
const why = (reason: string, name: string) => ({ code: 403, reason: 'Forbidden', message: `pods "${name}" is forbidden: ${reason}` });

const outcome = async (calls: Promise<unknown>[]) => {
  const settled = await Promise.allSettled(calls);
  return {
    made: settled.filter(({ status }) => status === 'fulfilled').length,
    refused: settled.flatMap((s) => (s.status === 'rejected' ? [s.reason] : [])),
  };
};

describe('creating at the same time', () => {
  it('makes exactly as many as there is room for, and as many again when they are gone', async () => {
    await quota({ pods: '50', 'requests.cpu': '100' });
    const names = Array.from({ length: 200 }, (_, i) => `p${i}`);
    const first = await outcome(names.map((name) => create(name, { requests: { cpu: '1' } })));
    expect(first.made).toBe(50);
    for (const error of first.refused)
      expect(error).toMatchObject({
        code: 403,
        message: expect.stringContaining('exceeded quota: q, requested: pods=1, used: pods=50, limited: pods=50'),
      });
    const { items } = await api.list('pods', at);
    expect(items).toHaveLength(50);
    await Promise.all(items.slice(0, 20).map(({ metadata }) => remove(metadata?.name ?? '')));
    const second = await outcome(names.map((name) => create(`again-${name}`, { requests: { cpu: '1' } })));
    expect(second.made).toBe(20);
  });

  it('of one name takes one place', async () => {
    await quota({ pods: '2' });
    const { made, refused } = await outcome(Array.from({ length: 20 }, () => create('same')));
    expect(made).toBe(1);
    expect(refused.every((error) => ['AlreadyExists', 'Forbidden'].includes(error.reason))).toBe(true);
    await create('another');
    await expect(create('third')).rejects.toMatchObject(
      why('exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2', 'third'),
    );
  });

  it('under several quotas keeps to all of them', async () => {
    await quota({ pods: '10' });
    await quota({ 'requests.cpu': '4' }, {}, 'r');
    const { made } = await outcome(Array.from({ length: 30 }, (_, i) => create(`p${i}`, { requests: { cpu: '500m' } })));
    expect(made).toBe(8);
  });
});

describe('a request', () => {
  it('that nothing comes of leaves no trace: refused, invalid, dry, of a name that is taken', async () => {
    await quota({ pods: '1' });
    await expect(create('bad name')).rejects.toMatchObject({ code: 422 });
    await api.call('create', 'pods', { ...at, body: pod('dry'), options: { dryRun: true } });
    await create('p');
    await expect(create('p')).rejects.toMatchObject(why('exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1', 'p'));
    await remove('p');
    await create('q');
  });

  it('must say what is counted', async () => {
    await quota({ 'limits.cpu': '1', 'limits.memory': '1Gi' });
    await expect(create('p', { limits: { cpu: '1' } })).rejects.toMatchObject(
      why('failed quota: q: must specify limits.memory for: c', 'p'),
    );
    await create('p', { limits: { cpu: '1', memory: '1Gi' } });
  });

  it('is held to the quota that is there now: at once when it is made, raised, lowered or deleted', async () => {
    await create('p0');
    await quota({ pods: '1' });
    await expect(create('p1')).rejects.toThrow('used: pods=1, limited: pods=1');
    await api.call('patch', 'resourcequotas', { ...at, name: 'q', patchType: 'merge', body: { spec: { hard: { pods: '2' } } } });
    await create('p1');
    await api.call('patch', 'resourcequotas', { ...at, name: 'q', patchType: 'merge', body: { spec: { hard: { pods: '0' } } } });
    await expect(create('p2')).rejects.toThrow('used: pods=2, limited: pods=0');
    await api.call('delete', 'resourcequotas', { ...at, name: 'q' });
    await create('p2');
  });

  it('in another namespace is another matter', async () => {
    await quota({ pods: '0' });
    await api.call('create', 'pods', { namespace: 'other', body: pod('p') });
  });
});

describe('pods', () => {
  it('that ended make room, and are still there to be counted by number', async () => {
    await quota({ pods: '1', 'count/pods': '2' });
    await create('p');
    await api.call('patch', 'pods', {
      ...at,
      name: 'p',
      subresource: 'status',
      patchType: 'merge',
      body: { status: { phase: 'Succeeded' } },
    });
    await create('q');
    await api.call('patch', 'pods', { ...at, name: 'q', subresource: 'status', patchType: 'merge', body: { status: { phase: 'Failed' } } });
    await expect(create('r')).rejects.toThrow('requested: count/pods=1, used: count/pods=2, limited: count/pods=2');
  });

  it('that should be gone make room, when their time is over twice', async () => {
    await quota({ pods: '1' });
    await create('p', {}, { nodeName: 'n1' });
    await api.call('delete', 'pods', { ...at, name: 'p' });
    await expect(create('q')).rejects.toMatchObject({ code: 403 });
    await api.clock.advance(61_000);
    await create('q');
  });

  it('are counted in their scope', async () => {
    await quota({ pods: '1' }, { scopes: ['Terminating'] });
    await create('a');
    await create('b', {}, { activeDeadlineSeconds: 5 });
    await create('c');
    await expect(create('d', {}, { activeDeadlineSeconds: 5 })).rejects.toMatchObject({ code: 403 });
  });

  it('grow by resize as far as there is room', async () => {
    await api.call('create', 'nodes', { body: { metadata: { name: 'n1' }, status: { allocatable: { cpu: '4', memory: '4Gi' } } } });
    await quota({ 'requests.cpu': '2' });
    await create('p', { requests: { cpu: '1' } }, { nodeName: 'n1' });
    const resize = (cpu: string) =>
      api.call('patch', 'pods', {
        ...at,
        name: 'p',
        subresource: 'resize',
        patchType: 'strategic',
        body: { spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } },
      });
    await expect(resize('3')).rejects.toMatchObject(
      why('exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=1, limited: requests.cpu=2', 'p'),
    );
    await resize('1500m');
    await resize('2');
    await resize('1');
    await create('q', { requests: { cpu: '1' } });
  });
});

describe('other kinds', () => {
  it('are counted by number, each under its own name', async () => {
    await quota({ configmaps: '2', 'count/deployments.apps': '0', 'count/widgets.example.com': '1', 'count/resourcequotas': '1' });
    await configMap('a');
    await configMap('b');
    await expect(configMap('c')).rejects.toMatchObject({
      message: 'configmaps "c" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=2, limited: configmaps=2',
    });
    await api.call('delete', 'configmaps', { ...at, name: 'a' });
    await configMap('c');
    const template = { metadata: { labels: { a: 'b' } }, spec: pod('x').spec };
    const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
    await expect(api.call('create', 'deployments.apps', { ...at, body })).rejects.toThrow(
      'exceeded quota: q, requested: count/deployments.apps=1',
    );
    await expect(quota({ pods: '1' }, {}, 'second')).rejects.toThrow('requested: count/resourcequotas=1');
  });

  it('that change what they use are held to the difference', async () => {
    await quota({ services: '2', 'services.nodeports': '1' });
    const service = (name: string, spec: object = {}) =>
      api.call('create', 'services', { ...at, body: { metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } } });
    await service('a', { type: 'NodePort' });
    await service('b');
    const patch = (spec: object) => api.call('patch', 'services', { ...at, name: 'b', patchType: 'merge', body: { spec } });
    await expect(patch({ type: 'NodePort' })).rejects.toMatchObject({
      message:
        'services "b" is forbidden: exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
    });
    await patch({ sessionAffinity: 'ClientIP' });
    await api.call('patch', 'services', {
      ...at,
      name: 'a',
      patchType: 'merge',
      body: { spec: { type: 'ClusterIP', ports: [{ port: 80, nodePort: null }] } },
    });
    await patch({ type: 'NodePort' });
  });

  it('of a status never are refused, only counted', async () => {
    await quota({ 'requests.storage': '2Gi' });
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    await api.call('create', 'persistentvolumeclaims', { ...at, body: { metadata: { name: 'c' }, spec } });
    const status = { allocatedResources: { storage: '3Gi' } };
    await api.call('patch', 'persistentvolumeclaims', { ...at, name: 'c', subresource: 'status', patchType: 'merge', body: { status } });
    const next = api.call('create', 'persistentvolumeclaims', { ...at, body: { metadata: { name: 'd' }, spec } });
    await expect(next).rejects.toThrow('requested: requests.storage=1Gi, used: requests.storage=3Gi, limited: requests.storage=2Gi');
  });
});

it('a quota whose status changes all the time counts on', async () => {
  await quota({ pods: '5' });
  const busy = (async () => {
    for (let i = 0; i < 20; i += 1) {
      const status = { hard: { pods: '5' }, used: { pods: String(i) } };
      await api.call<ResourceQuota>('patch', 'resourcequotas', {
        ...at,
        name: 'q',
        subresource: 'status',
        patchType: 'merge',
        body: { status },
      });
    }
  })();
  const { made } = await outcome(Array.from({ length: 40 }, (_, i) => create(`p${i}`)));
  await busy;
  expect(made).toBe(5);
});
