import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { ApiRequest, RequestOptions, Verb } from '../../api/transport.ts';
import { ADMIN, type FakeApi, fakeApi } from '../fake-api.ts';

type Any = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown>; data?: Record<string, string> };
const inDefault = { namespace: 'default' };
const configMap = (data: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...metadata },
  data,
});
const deployment = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd' },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
});

/** Applies `body` under its own name as `fieldManager`. */
function apply(
  api: FakeApi,
  resource: string,
  fieldManager: string | undefined,
  body: KubeObject,
  rest: Partial<ApiRequest> = {},
): Promise<Any> {
  const { options, ...more } = rest;
  const request = { ...inDefault, name: body.metadata?.name, patchType: 'apply' as const, body, ...more };
  return api.call<Any>('patch', resource, { ...request, options: { fieldManager, ...options } });
}

/** As another client, with a User-Agent. */
function as(api: FakeApi, userAgent: string) {
  const transport = api.localTransport(ADMIN, userAgent);
  return (verb: Verb, resource: string, rest: Partial<ApiRequest>) =>
    transport.request(
      { verb, group: '', version: 'v1', resource, ...inDefault, ...rest },
      { signal: new AbortController().signal },
    ) as Promise<Any>;
}

const managers = (object: KubeObject) =>
  (object.metadata?.managedFields ?? []).map(({ manager, operation, subresource }) =>
    [manager, operation, subresource].filter(Boolean).join(' '),
  );
const fieldsOf = (object: KubeObject, manager: string) =>
  object.metadata?.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

describe('apply', () => {
  it('creates what is missing and answers 201', async () => {
    const api = await fakeApi();
    const context = { user: ADMIN, userAgent: 'x', signal: new AbortController().signal, warn: () => {} };
    const request: ApiRequest = {
      verb: 'patch',
      group: '',
      version: 'v1',
      resource: 'configmaps',
      ...inDefault,
      name: 'c',
      patchType: 'apply',
      options: { fieldManager: 'me' },
      body: configMap({ k: 'v' }),
    };
    expect(await api.registry.answer(request, context)).toMatchObject({ created: true });
    const again = await api.registry.answer(request, context);
    expect(again).not.toHaveProperty('created');
    const made = await api.call<Any>('get', 'configmaps', { ...inDefault, name: 'c' });
    expect(made.metadata?.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:k': {} } },
      },
    ]);
  });

  it('changes nothing when nothing changes, however much time has passed', async () => {
    const api = await fakeApi();
    const first = await apply(api, 'deployments.apps', 'me', deployment({ replicas: 2 }));
    await api.clock.advance(5000);
    expect(await apply(api, 'deployments.apps', 'me', deployment({ replicas: 2 }))).toEqual(first);
  });

  it('takes away what it no longer names, defaults it where there is a default', async () => {
    const api = await fakeApi();
    await apply(api, 'deployments.apps', 'me', deployment({ replicas: 3, paused: true }));
    const after = await apply(api, 'deployments.apps', 'me', deployment());
    expect(after.spec).toMatchObject({ replicas: 1 });
    expect(after.spec).not.toHaveProperty('paused');
  });

  it('refuses to overwrite what others own, and does when it is forced', async () => {
    const api = await fakeApi();
    await api.call('create', 'configmaps', {
      ...inDefault,
      body: configMap({ k: 'v', l: 'w' }),
      options: { fieldManager: 'kubectl-create' },
    });
    await expect(apply(api, 'configmaps', 'me', configMap({ k: 'x' }))).rejects.toMatchObject({
      reason: 'Conflict',
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl-create" using v1: .data.k',
      details: { causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "kubectl-create" using v1', field: '.data.k' }] },
    });
    const forced = await apply(api, 'configmaps', 'me', configMap({ k: 'x' }), { options: { force: true } });
    expect(forced.data).toEqual({ k: 'x', l: 'w' });
    expect(fieldsOf(forced, 'me')).toEqual({ 'f:data': { 'f:k': {} } });
    expect(fieldsOf(forced, 'kubectl-create')).toEqual({ 'f:data': { '.': {}, 'f:l': {} } });
  });

  it('stores nothing in a dry run', async () => {
    const api = await fakeApi();
    expect(await apply(api, 'configmaps', 'me', configMap({ k: 'v' }), { options: { dryRun: true } })).toMatchObject({ data: { k: 'v' } });
    await expect(api.call('get', 'configmaps', { ...inDefault, name: 'c' })).rejects.toMatchObject({ reason: 'NotFound' });
    await apply(api, 'configmaps', 'me', configMap({ k: 'v' }));
    const tried = await apply(api, 'configmaps', 'me', configMap({ k: 'w' }), { options: { dryRun: true } });
    expect(tried.data).toEqual({ k: 'w' });
    expect((await api.call<Any>('get', 'configmaps', { ...inDefault, name: 'c' })).data).toEqual({ k: 'v' });
  });

  it('creates what is not there yet whatever its resourceVersion is, as long as that is a number', async () => {
    const api = await fakeApi();
    expect((await apply(api, 'configmaps', 'me', configMap({ k: '1' }, { resourceVersion: '7' }))).metadata?.resourceVersion).not.toBe('7');
    await expect(apply(api, 'configmaps', 'me', configMap({ k: '1' }, { resourceVersion: 'x' }))).rejects.toMatchObject({
      message: 'strconv.ParseUint: parsing "x": invalid syntax',
    });
  });

  it('takes a resourceVersion and a uid as preconditions', async () => {
    const api = await fakeApi();
    await expect(apply(api, 'configmaps', 'me', configMap({}, { uid: 'u' }))).rejects.toMatchObject({
      reason: 'Conflict',
      message: expect.stringContaining('uid mismatch: the provided object specified uid u, and no existing object was found'),
    });
    const made = await apply(api, 'configmaps', 'me', configMap({ k: '1' }));
    const { resourceVersion } = made.metadata ?? {};
    await apply(api, 'configmaps', 'me', configMap({ k: '2' }, { resourceVersion }));
    await expect(apply(api, 'configmaps', 'me', configMap({ k: '3' }, { resourceVersion }))).rejects.toMatchObject({ reason: 'Conflict' });
  });

  it.each<[string, string | undefined, KubeObject, RequestOptions, object]>([
    [
      'without a manager',
      undefined,
      configMap({}),
      {},
      { reason: 'Invalid', message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch' },
    ],
    [
      'under too long a name',
      'm'.repeat(129),
      configMap({}),
      {},
      { reason: 'Invalid', message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes' },
    ],
    [
      'under a name with a line break',
      'a\nb',
      configMap({}),
      {},
      { reason: 'Invalid', message: expect.stringContaining('invalid character U+000A (at position 1)') },
    ],
    [
      'of another kind',
      'me',
      { ...configMap({}), kind: 'Secret' },
      {},
      { reason: 'BadRequest', message: 'invalid object type: /v1, Kind=Secret' },
    ],
    [
      'of another version',
      'me',
      { ...deployment(), apiVersion: 'apps/v1beta1', metadata: { name: 'c' } },
      {},
      { reason: 'BadRequest', message: 'invalid object type: apps/v1beta1, Kind=Deployment' },
    ],
    [
      'with managedFields',
      'me',
      configMap({}, { managedFields: [] }),
      {},
      { reason: 'BadRequest', message: 'metadata.managedFields must be nil' },
    ],
    [
      'with a field that there is not',
      'me',
      { ...configMap({}), typo: 1 } as KubeObject,
      {},
      {
        reason: 'InternalError',
        statedReason: '',
        code: 500,
        message: 'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .typo: field not declared in schema',
      },
    ],
  ])('is refused %s', async (_, manager, body, options, failure) => {
    const api = await fakeApi();
    await expect(apply(api, 'configmaps', manager, body, { options })).rejects.toMatchObject(failure);
    await expect(api.call('get', 'configmaps', { ...inDefault, name: 'c' })).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('needs the right to create what is missing', async () => {
    const api = await fakeApi({ authorizer: ({ verb }) => ({ allowed: verb !== 'create', reason: '' }) });
    await expect(apply(api, 'configmaps', 'me', configMap({}))).rejects.toMatchObject({
      reason: 'Forbidden',
      message: expect.stringContaining('cannot create resource "configmaps"'),
    });
  });

  it('refuses force for other patches', async () => {
    const api = await fakeApi();
    const request = { ...inDefault, name: 'c', patchType: 'merge' as const, body: {}, options: { force: true } };
    await expect(api.call('patch', 'configmaps', request)).rejects.toMatchObject({
      reason: 'Invalid',
      message: 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    });
  });

  it('upgrades what kubectl applied from its own side', async () => {
    const api = await fakeApi();
    const LAST = 'kubectl.kubernetes.io/last-applied-configuration';
    const annotations = { [LAST]: `${JSON.stringify(configMap({ k: '1' }))}\n` };
    await as(api, 'kubectl')('create', 'configmaps', {
      body: configMap({ k: '1' }, { annotations }),
      options: { fieldManager: 'kubectl-client-side-apply' },
    });
    const after = await apply(api, 'configmaps', 'kubectl', configMap({ k: '2' }));
    expect(after.data).toEqual({ k: '2' });
    expect(JSON.parse(after.metadata?.annotations?.[LAST] ?? '')).toEqual(configMap({ k: '2' }));
  });
});

describe('managed fields', () => {
  it('name the writer by his User-Agent unless he says otherwise', async () => {
    const api = await fakeApi();
    const client = as(api, 'my-operator/v1.2 (linux/amd64)');
    const made = await client('create', 'configmaps', { body: configMap({ k: '1' }) });
    expect(managers(made)).toEqual(['my-operator Update']);
    const patched = await client('patch', 'configmaps', {
      name: 'c',
      patchType: 'json',
      body: [{ op: 'add', path: '/data/l', value: '2' }],
      options: { fieldManager: 'else' },
    });
    expect(fieldsOf(patched, 'else')).toEqual({ 'f:data': { 'f:l': {} } });
    expect(managers(await as(api, '')('create', 'configmaps', { body: configMap({ k: '1' }, { name: 'd' }) }))).toEqual(['unknown Update']);
  });

  it('follow updates and every kind of patch', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'configmaps', { body: configMap({ a: '1', b: '1', c: '1', d: '1' }) });
    const { managedFields: _, ...metadata } = made.metadata ?? {};
    await as(api, 'two')('update', 'configmaps', { name: 'c', body: { ...made, metadata, data: { ...made.data, a: '2' } } });
    await as(api, 'three')('patch', 'configmaps', { name: 'c', patchType: 'merge', body: { data: { b: '2' } } });
    await as(api, 'four')('patch', 'configmaps', { name: 'c', patchType: 'strategic', body: { data: { c: '2' } } });
    const last = await as(api, 'five')('patch', 'configmaps', { name: 'c', patchType: 'json', body: [{ op: 'remove', path: '/data/d' }] });
    expect(Object.fromEntries((last.metadata?.managedFields ?? []).map((e) => [e.manager, e.fieldsV1]))).toEqual({
      one: { 'f:data': {} },
      two: { 'f:data': { 'f:a': {} } },
      three: { 'f:data': { 'f:b': {} } },
      four: { 'f:data': { 'f:c': {} } },
    });
  });

  it('keep spec and status apart', async () => {
    const api = await fakeApi();
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] }, status: { phase: 'Running' } };
    const made = await as(api, 'one')('create', 'pods', { body: pod });
    expect(Object.keys(fieldsOf(made, 'one') as object)).toEqual(['f:spec']);
    const body = { ...made, spec: { ...made.spec, hostname: 'x' }, status: { ...made.status, podIP: '10.0.0.1' } };
    const after = await as(api, 'kubelet')('update', 'pods', { name: 'p', subresource: 'status', body });
    expect(managers(after)).toEqual(['kubelet Update status', 'one Update']);
    expect(fieldsOf(after, 'kubelet')).toEqual({
      'f:status': { 'f:podIP': {}, 'f:podIPs': { '.': {}, 'k:{"ip":"10.0.0.1"}': { '.': {}, 'f:ip': {} } } },
    });
  });

  it('do not stand in the way of patches after a status write that said nothing of labels and annotations', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'pods', {
      body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
    await as(api, 'kubelet')('update', 'pods', { name: 'p', subresource: 'status', body: { ...made, status: { phase: 'Running' } } });
    const patch = { name: 'p', subresource: 'status', patchType: 'strategic', body: { status: { podIP: '10.0.0.1' } } } as const;
    const after = await as(api, 'kubelet')('patch', 'pods', patch);
    expect(after.status).toMatchObject({ phase: 'Running', podIP: '10.0.0.1' });
    expect(fieldsOf(after, 'kubelet')).toEqual({
      'f:status': { 'f:phase': {}, 'f:podIP': {}, 'f:podIPs': { '.': {}, 'k:{"ip":"10.0.0.1"}': { '.': {}, 'f:ip': {} } } },
    });
  });

  it('are applied to status and scale on their own', async () => {
    const api = await fakeApi();
    await apply(api, 'deployments.apps', 'me', deployment({ replicas: 1 }));
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, status: { observedGeneration: 1, replicas: 1 } };
    const after = await apply(api, 'deployments.apps', 'ctl', status, { subresource: 'status' });
    expect(after.status).toMatchObject({ observedGeneration: 1 });
    expect(fieldsOf(after, 'ctl')).toEqual({ 'f:status': { 'f:observedGeneration': {}, 'f:replicas': {} } });
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'd' }, spec: { replicas: 5 } };
    await expect(apply(api, 'deployments.apps', 'hpa', scale, { subresource: 'scale' })).rejects.toMatchObject({ reason: 'Conflict' });
    const scaled = await apply(api, 'deployments.apps', 'hpa', scale, { subresource: 'scale', options: { force: true } });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 } });
    const last = await api.call<Any>('get', 'deployments.apps', { ...inDefault, name: 'd' });
    expect(fieldsOf(last, 'hpa')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(fieldsOf(last, 'me')).not.toHaveProperty(['f:spec', 'f:replicas']);
    expect(last.metadata?.managedFields?.map(({ subresource }) => subresource ?? '').sort()).toEqual(['', 'scale', 'status']);
  });

  it.each([
    [
      'pods',
      { spec: { containers: [{ name: 'c', image: 'i' }] }, status: { phase: 'Running' } },
      ['f:annotations', 'f:finalizers', 'f:labels'],
    ],
    ['deployments.apps', { ...deployment(), status: { replicas: 1 } }, ['f:annotations', 'f:finalizers']],
    ['flowschemas.flowcontrol.apiserver.k8s.io', { spec: { priorityLevelConfiguration: { name: 'x' } } }, []],
  ])('of the status of %s change and own what the kind lets them of metadata', async (resource, content, owned) => {
    const api = await fakeApi();
    const [plural = '', ...group] = resource.split('.');
    const kind = { group: group.join('.'), ...(plural.startsWith('flow') && { namespace: undefined }) };
    const body = { ...content, metadata: { name: 'o' } };
    const made = await as(api, 'one')('create', plural, { ...kind, body });
    const metadata = { ...made.metadata, labels: { a: 'b' }, annotations: { a: 'b' }, finalizers: ['a/b'] };
    const conditions = [{ type: 'Dangling', status: 'True', reason: 'x', message: 'x' }];
    const told = { ...made, metadata, status: { ...made.status, conditions } };
    const after = await as(api, 'two')('update', plural, { ...kind, name: 'o', subresource: 'status', body: told });
    const { 'f:metadata': ownedMetadata = {} } = fieldsOf(after, 'two') as Record<string, object>;
    expect(Object.keys(ownedMetadata).sort()).toEqual(owned);
    const shown = ['annotations', 'finalizers', 'labels'].filter((field) => after.metadata?.[field as 'labels'] !== undefined);
    expect(shown.map((field) => `f:${field}`)).toEqual(owned);
  });

  it('of a resize own resources alone, not the containers that have them', async () => {
    const api = await fakeApi();
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
    const wants = (cpu: string) => ({ resources: { requests: { cpu } } });
    await as(api, 'one')('create', 'pods', { body: { ...pod, spec: { containers: [{ name: 'c', image: 'i', ...wants('5m') }] } } });
    const body = { ...pod, spec: { containers: [{ name: 'c', ...wants('10m') }] } } as KubeObject;
    const after = await apply(api, 'pods', 'me', body, { subresource: 'resize', options: { force: true } });
    expect(fieldsOf(after, 'me')).toEqual({
      'f:spec': { 'f:containers': { 'k:{"name":"c"}': { 'f:resources': { 'f:requests': { 'f:cpu': {} } } } } },
    });
  });

  it('are applied to parts of an object that have a subresource', async () => {
    const api = await fakeApi();
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } };
    await as(api, 'one')('create', 'pods', { body: { ...pod, spec: { containers: [{ name: 'c', image: 'i' }] } } });
    const ephemeralContainers = [{ name: 'debug', image: 'i', terminationMessagePolicy: 'File', imagePullPolicy: 'Always' }];
    const body = { ...pod, spec: { ephemeralContainers } } as KubeObject;
    const after = await apply(api, 'pods', 'me', body, { subresource: 'ephemeralcontainers' });
    expect(after.spec).toMatchObject({ containers: [{ name: 'c' }], ephemeralContainers: [{ name: 'debug' }] });
    expect(fieldsOf(after, 'me')).toMatchObject({ 'f:spec': { 'f:ephemeralContainers': { 'k:{"name":"debug"}': { 'f:image': {} } } } });
    expect(managers(after)).toContain('me Apply ephemeralcontainers');
  });

  it('answer NotFound for the status of what is missing', async () => {
    const api = await fakeApi();
    const status = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, status: {} };
    await expect(apply(api, 'deployments.apps', 'ctl', status, { subresource: 'status' })).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('begin anew when a client empties them, and are tracked again from the next apply on', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'configmaps', { body: configMap({ k: '1' }) });
    const emptied = await as(api, 'two')('patch', 'configmaps', {
      name: 'c',
      patchType: 'merge',
      body: { metadata: { managedFields: [{}] } },
    });
    expect(emptied.metadata).not.toHaveProperty('managedFields');
    await as(api, 'three')('update', 'configmaps', { name: 'c', body: { ...emptied, data: { k: '2' } } });
    const applied = await apply(api, 'configmaps', 'me', configMap({ l: '1' }));
    expect(managers(applied)).toEqual(['me Apply', 'before-first-apply Update']);
    const again = await as(api, 'two')('update', 'configmaps', {
      name: 'c',
      body: { ...applied, metadata: { ...made.metadata, resourceVersion: undefined, managedFields: [] } },
    });
    expect(again.metadata).not.toHaveProperty('managedFields');
  });

  it('end with the last field that somebody owned', async () => {
    const api = await fakeApi();
    await as(api, 'one')('create', 'configmaps', { body: configMap({ k: '1' }) });
    const emptied = await as(api, 'two')('update', 'configmaps', { name: 'c', body: { metadata: { name: 'c' } } });
    expect(emptied.metadata).not.toHaveProperty('managedFields');
  });

  it('leave out zeros that every object shows when they begin with the first apply', async () => {
    const api = await fakeApi();
    const body = {
      metadata: { name: 'r' },
      spec: { selector: { a: 'b' }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
    };
    await as(api, 'one')('create', 'replicationcontrollers', { body });
    const reset = { metadata: { managedFields: [{}] } };
    await as(api, 'one')('patch', 'replicationcontrollers', { name: 'r', patchType: 'merge', body: reset });
    const labels = { apiVersion: 'v1', kind: 'ReplicationController', metadata: { name: 'r', labels: { l: '1' } } };
    const applied = await apply(api, 'replicationcontrollers', 'me', labels, { subresource: 'status' });
    expect(fieldsOf(applied, 'before-first-apply')).toEqual({ 'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } } });
  });

  it('can be handed over by a client that knows what it does, but not broken', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'configmaps', { body: configMap({ k: '1' }) });
    const entry = made.metadata?.managedFields?.[0];
    const handOver = (managedFields: object[]) =>
      as(api, 'two')('patch', 'configmaps', { name: 'c', patchType: 'merge', body: { metadata: { managedFields } } });
    const moved = await handOver([{ ...entry, manager: 'kubectl', operation: 'Apply' }]);
    expect(managers(moved)).toEqual(['kubectl Apply']);
    for (const broken of [
      { ...entry, operation: 'Stir' },
      { ...entry, fieldsType: 'V2' },
      { ...entry, fieldsV1: { nonsense: {} } },
    ]) {
      expect(managers(await handOver([broken]))).toEqual(['kubectl Apply']);
    }
    await expect(handOver([{ ...entry, manager: 'm'.repeat(200) }])).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('metadata.managedFields[0].manager: Too long'),
    });
  });

  it('name fields in the version of each writer', async () => {
    const api = await fakeApi();
    const hpa = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: {
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      },
    };
    const as1 = { group: 'autoscaling', version: 'v1' };
    await as(api, 'one')('create', 'horizontalpodautoscalers', { ...as1, body: hpa });
    const v2 = await as(api, 'two')('patch', 'horizontalpodautoscalers', {
      group: 'autoscaling',
      version: 'v2',
      name: 'h',
      patchType: 'merge',
      body: { spec: { maxReplicas: 4 } },
    });
    expect(v2.metadata?.managedFields?.map(({ manager, apiVersion }) => `${manager} ${apiVersion}`)).toEqual([
      'one autoscaling/v1',
      'two autoscaling/v2',
    ]);
    expect(fieldsOf(v2, 'one')).toMatchObject({ 'f:spec': { 'f:targetCPUUtilizationPercentage': {} } });
    expect(fieldsOf(v2, 'one')).not.toHaveProperty(['f:spec', 'f:maxReplicas']);
  });

  it('do not make a new state when only the time would be another', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'configmaps', { body: configMap({ k: '1' }) });
    await api.clock.advance(5000);
    expect(await as(api, 'one')('update', 'configmaps', { name: 'c', body: made })).toEqual(made);
  });

  it('say nothing of who binds a pod', async () => {
    const api = await fakeApi();
    const made = await as(api, 'one')('create', 'pods', {
      body: { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    });
    const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } };
    await as(api, 'kube-scheduler')('create', 'pods', { name: 'p', subresource: 'binding', body: binding });
    const bound = await api.call<Any>('get', 'pods', { ...inDefault, name: 'p' });
    expect(bound.spec).toMatchObject({ nodeName: 'n' });
    expect(bound.metadata?.managedFields).toEqual(made.metadata?.managedFields);
  });
});

describe('a configuration that is merged', () => {
  const because = 'error decoding from json: illegal base64 data at input byte 0';
  it.each([
    ['binaryData', { k: 'YQ' }, because],
    ['immutable', 'x', undefined],
  ])('and then does not fit %s is an error of the server', async (field, value, why) => {
    const api = await fakeApi();
    const odd = { ...configMap({}), [field]: value };
    const message = why
      ? `failed to convert new object (/c; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object to /v1, Kind=ConfigMap: ${why}`
      : expect.stringMatching(/^failed to create typed patch object/);
    const refused = { reason: 'InternalError', message };
    await expect(apply(api, 'configmaps', 'me', odd)).rejects.toMatchObject(refused);
    await apply(api, 'configmaps', 'me', configMap({ k: '1' }));
    await expect(apply(api, 'configmaps', 'me', odd)).rejects.toMatchObject(refused);
  });

  it.each([
    ['the name of a container', { containers: [{ image: 'i' }] }, 'spec.containers[1].name: Required value'],
    ['the name of a pull secret', { imagePullSecrets: [{}] }, 'pod updates may not change fields'],
  ])('may leave out a key that has a default: %s', async (_, spec, message) => {
    const api = await fakeApi();
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    await apply(api, 'pods', 'me', pod);
    await expect(apply(api, 'pods', 'you', { ...pod, spec } as KubeObject)).rejects.toThrow(message);
  });
});
