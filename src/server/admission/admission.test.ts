import { beforeEach, describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';

const at = { namespace: 'apps' };
const pod = (name: string, spec: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'x' }], ...spec } });
const createPod = (api: FakeApi, spec: object = {}) => api.call<Pod>('create', 'pods', { ...at, body: pod('p', spec) });

let api: FakeApi;
beforeEach(async () => {
  api = await fakeApi({ admission: undefined });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'apps' } } });
  await api.call('create', 'serviceaccounts', { ...at, body: { metadata: { name: 'default' }, imagePullSecrets: [{ name: 'pull' }] } });
});

describe('namespaces', () => {
  it('must exist before anything is created in them', async () => {
    await expect(api.call('create', 'configmaps', { namespace: 'nope', body: { metadata: { name: 'a' } } })).rejects.toMatchObject({
      reason: 'NotFound',
      message: 'namespaces "nope" not found',
    });
  });

  it('take nothing new while they terminate, and go with their last finalizer', async () => {
    const marked = await api.call('delete', 'namespaces', { name: 'apps' });
    expect(marked).toMatchObject({ status: { phase: 'Terminating' }, spec: { finalizers: ['kubernetes'] } });
    await expect(api.call('create', 'configmaps', { ...at, body: { metadata: { name: 'a' } } })).rejects.toMatchObject({
      reason: 'Forbidden',
      message: 'configmaps "a" is forbidden: unable to create new content in namespace apps because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    const body = { metadata: { name: 'apps' }, spec: { finalizers: [] } };
    await api.call('update', 'namespaces', { name: 'apps', subresource: 'finalize', body });
    await expect(api.call('get', 'namespaces', { name: 'apps' })).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('of the cluster itself stay', async () => {
    await api.call('create', 'namespaces', { body: { metadata: { name: 'kube-system' } } });
    await expect(api.call('delete', 'namespaces', { name: 'kube-system' })).rejects.toMatchObject({
      message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    });
  });
});

describe('pods', () => {
  it('without containers are invalid, whatever plugins want of them', async () => {
    await api.call('create', 'limitranges', {
      ...at,
      body: { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } },
    });
    for (const spec of [undefined, {}, { containers: null }, { containers: [] }, { containers: [{}] }]) {
      const made = api.call('create', 'pods', { ...at, body: { metadata: { name: 'p' }, spec } });
      await expect(made).rejects.toMatchObject({ reason: 'Invalid' });
    }
  });

  it('run as a service account whose token they find mounted', async () => {
    const { spec } = await createPod(api);
    const volume = spec?.volumes?.find(({ name }) => /^kube-api-access-[a-z0-9]{5}$/.test(name));
    expect(volume?.projected?.sources?.map((source) => Object.keys(source)[0])).toEqual([
      'serviceAccountToken',
      'configMap',
      'downwardAPI',
    ]);
    expect(spec?.containers[0]?.volumeMounts).toEqual([
      { name: volume?.name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
    ]);
    expect(spec).toMatchObject({ serviceAccountName: 'default', imagePullSecrets: [{ name: 'pull' }] });
  });

  it('may do without the token, but not without the account', async () => {
    expect((await createPod(api, { automountServiceAccountToken: false })).spec?.volumes).toBeUndefined();
    await expect(api.call('create', 'pods', { ...at, body: pod('q', { serviceAccountName: 'ghost' }) })).rejects.toMatchObject({
      message: 'pods "q" is forbidden: error looking up service account apps/ghost: serviceaccount "ghost" not found',
    });
  });

  it('wait a moment for the account that their namespace is about to get', async () => {
    const late = { namespace: 'late' };
    await api.call('create', 'namespaces', { body: { metadata: { name: 'late' } } });
    const create = () => api.call<Pod>('create', 'pods', { ...late, body: pod('p') });
    const refused = expect(create()).rejects.toMatchObject({
      message: 'pods "p" is forbidden: error looking up service account late/default: serviceaccount "default" not found',
    });
    for (let i = 0; i < 9; i += 1) await api.clock.advance(200);
    await refused;
    const made = create();
    await api.clock.advance(200);
    await api.call('create', 'serviceaccounts', { ...late, body: { metadata: { name: 'default' } } });
    await api.clock.advance(200);
    expect((await made).spec?.serviceAccountName).toBe('default');
  });

  it('tolerate lost nodes for five minutes unless they say otherwise', async () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
    const { spec } = await createPod(api, { tolerations: [own] });
    expect(spec?.tolerations).toEqual([own, { ...own, key: 'node.kubernetes.io/unreachable', tolerationSeconds: 300 }]);
  });

  it('get their priority from a class', async () => {
    const body = { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' };
    await api.call('create', 'priorityclasses.scheduling.k8s.io', { body });
    expect((await createPod(api, { priorityClassName: 'high' })).spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    await expect(api.call('create', 'pods', { ...at, body: pod('q', { priorityClassName: 'ghost' }) })).rejects.toMatchObject({
      message: 'pods "q" is forbidden: no PriorityClass with name ghost was found',
    });
  });

  it('get it from one default class, when they name none', async () => {
    const id = 'priorityclasses.scheduling.k8s.io';
    const make = (name: string, more: object = {}) => api.call('create', id, { body: { metadata: { name }, value: 7, ...more } });
    await make('usual', { globalDefault: true });
    await make('other');
    expect((await createPod(api)).spec).toMatchObject({ priority: 7, priorityClassName: 'usual' });
    const why = 'is forbidden: PriorityClass usual is already marked as default. Only one default can exist';
    await expect(make('second', { globalDefault: true })).rejects.toThrow(`"second" ${why}`);
    const mark = (name: string) => api.call('patch', id, { name, patchType: 'merge', body: { globalDefault: true, description: 'x' } });
    await expect(mark('other')).rejects.toThrow(`"other" ${why}`);
    await mark('usual');
  });

  it('are bound once, and are nominated no more', async () => {
    await createPod(api);
    const nominated = { status: { nominatedNodeName: 'n1' } };
    await api.call('patch', 'pods', { ...at, name: 'p', subresource: 'status', patchType: 'merge', body: nominated });
    const bind = (node: string) =>
      api.call('create', 'pods', {
        ...at,
        name: 'p',
        subresource: 'binding',
        body: { metadata: { name: 'p' }, target: { kind: 'Node', name: node } },
      });
    await bind('n1');
    const bound = await api.call<Pod>('get', 'pods', { ...at, name: 'p' });
    expect([bound.spec?.nodeName, bound.status?.nominatedNodeName]).toEqual(['n1', undefined]);
    expect(bound.status?.conditions).toContainEqual(expect.objectContaining({ type: 'PodScheduled', status: 'True' }));
    await expect(bind('n2')).rejects.toMatchObject({
      reason: 'Conflict',
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
  });

  it('are not evicted against their disruption budget', async () => {
    const labels = { app: 'a' };
    await api.call('create', 'pods', { ...at, body: { ...pod('p', { nodeName: 'n1' }), metadata: { name: 'p', labels } } });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await api.call('patch', 'pods', { ...at, name: 'p', subresource: 'status', patchType: 'merge', body: { status } });
    const id = 'poddisruptionbudgets.policy';
    await api.call('create', id, {
      ...at,
      body: { metadata: { name: 'b' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } },
    });
    const evict = () => api.call('create', 'pods', { ...at, name: 'p', subresource: 'eviction', body: { metadata: { name: 'p' } } });
    const budget = (disruptionsAllowed: number) => ({
      status: { observedGeneration: 1, disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    });
    await api.call('patch', id, { ...at, name: 'b', subresource: 'status', patchType: 'merge', body: budget(0) });
    await expect(evict()).rejects.toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ reason: 'DisruptionBudget', message: 'The disruption budget b needs 1 healthy pods and has 1 currently' }] },
    });
    await api.call('patch', id, { ...at, name: 'b', subresource: 'status', patchType: 'merge', body: budget(1) });
    await evict();
    const going = await api.call<Pod>('get', 'pods', { ...at, name: 'p' });
    expect(going.metadata?.deletionTimestamp).toBeDefined();
    expect(going.status?.conditions).toContainEqual(expect.objectContaining({ type: 'DisruptionTarget' }));
    expect(await api.call('get', id, { ...at, name: 'b' })).toMatchObject({
      status: { disruptionsAllowed: 0, disruptedPods: { p: expect.any(String) } },
    });
  });
});

describe('nodes', () => {
  it('start tainted as not ready', async () => {
    const node = await api.call<Node>('create', 'nodes', { body: { metadata: { name: 'n' } } });
    expect(node.spec?.taints).toEqual([{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }]);
  });
});
