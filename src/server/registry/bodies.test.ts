import { describe, expect, it } from 'vitest';
import type { ApiRequest } from '../../api/transport.ts';
import { fakeApi } from '../fake-api.ts';

const inDefault = { namespace: 'default' };

async function configMaps(name = 'a') {
  const api = await fakeApi();
  await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name }, data: { k: 'v' } } });
  const patch = (patchType: ApiRequest['patchType'], body: unknown, more: Partial<ApiRequest> = {}) =>
    api.call<{ data?: object }>('patch', 'configmaps', { ...inDefault, name, patchType, body: body as never, ...more });
  const create = (body: unknown, more: Partial<ApiRequest> = {}) =>
    api.call('create', 'configmaps', { ...inDefault, body: body as never, ...more });
  return { api, patch, create };
}

describe('a null', () => {
  it('is an object of which nothing is said, as a body or as a type', async () => {
    const { create } = await configMaps();
    await expect(create(null)).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('name or generateName is required'),
    });
    expect(await create({ apiVersion: null, kind: null, metadata: { name: 'b' } })).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it('in a list or a map is what Go makes of it, under strict validation too', async () => {
    const { api } = await configMaps();
    const strict = { ...inDefault, options: { fieldValidation: 'Strict' } } as const;
    const secret = await api.call<object>('create', 'secrets', {
      ...strict,
      body: { metadata: { name: 's', labels: { a: null } }, data: { k: null } },
    });
    expect(secret).toMatchObject({ metadata: { labels: { a: '' } }, data: { k: '' } });
    const rules = [{ apiGroups: [null], resources: ['pods'], verbs: ['get', null] }];
    const role = await api.call<object>('create', 'roles.rbac.authorization.k8s.io', {
      ...strict,
      body: { metadata: { name: 'r' }, rules },
    });
    expect(role).toMatchObject({ rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', ''] }] });
    const pod = { metadata: { name: 'p' }, spec: { containers: [null] } };
    await expect(api.call('create', 'pods', { ...strict, body: pod })).rejects.toMatchObject({
      message: expect.stringContaining('spec.containers[0].name: Required value'),
    });
  });

  it('of an unknown field is unknown', async () => {
    const { create } = await configMaps();
    await expect(create({ metadata: { name: 'b' }, nope: null }, { options: { fieldValidation: 'Strict' } })).rejects.toMatchObject({
      message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "nope"',
    });
  });
});

describe('a body of another kind', () => {
  const refusals: [body: object, message: string][] = [
    [
      { apiVersion: 'v1', kind: 'Secret' },
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      'Deployment in version "v1" cannot be handled as a ConfigMap: converting (v1.Deployment) to (core.ConfigMap): unknown conversion',
    ],
    [
      { kind: 'ConfigMapList' },
      'ConfigMapList in version "v1" cannot be handled as a ConfigMap: converting (v1.ConfigMapList) to (core.ConfigMap): unknown conversion',
    ],
    [
      { kind: 'Nope' },
      'Nope in version "v1" cannot be handled as a ConfigMap: no kind "Nope" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      { apiVersion: 'nope/v7' },
      'ConfigMap in version "v7" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "nope/v7" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      { apiVersion: 'a/b/c' },
      `the object provided is unrecognized (must be of type ConfigMap): unexpected GroupVersion string: a/b/c ({"metadata":{"name":"b"},"apiV ...)`,
    ],
    [
      { metadata: 'b' },
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta',
    ],
    [
      { apiVersion: 5 },
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string ({"metadata":{"name":"b"},"apiV ...)`,
    ],
  ];
  it.each(refusals)('%j is refused', async (type, message) => {
    const { create } = await configMaps();
    await expect(create({ metadata: { name: 'b' }, ...type })).rejects.toMatchObject({ reason: 'BadRequest', message });
  });

  it('in another version that can be read is told of its version', async () => {
    const { api } = await configMaps();
    const body = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' } };
    await expect(
      api
        .localTransport({ name: 'a', groups: [] })
        .request(
          { verb: 'create', group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers', namespace: 'default', body },
          { signal: new AbortController().signal },
        ),
    ).rejects.toMatchObject({
      message: 'the API version in the data (autoscaling/v2) does not match the expected API version (autoscaling/v1)',
    });
  });
});

it('may say the core group’s version with a slash', async () => {
  const api = await fakeApi();
  const body = { apiVersion: '/v1', kind: 'ConfigMap', metadata: { name: 'slashed' } };
  expect(await api.call('create', 'configmaps', { namespace: 'default', body })).toMatchObject({ apiVersion: 'v1' });
});

describe('a patch', () => {
  it('is itself at fault where its outcome cannot be read', async () => {
    const { patch } = await configMaps();
    await expect(patch('merge', { data: { k: 5 } })).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(
        /^ "" is invalid: patch: Invalid value: "\{.*\\"data\\":\{\\"k\\":5\}.*\}": json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
      ),
      details: { causes: [{ field: 'patch', reason: 'FieldValueInvalid' }] },
    });
    await expect(patch('strategic', { data: { k: 5, a: null }, metadata: { labels: { b: ['x', 'y'] } } })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^ "" is invalid: patch: Invalid value: "map\[data:map\[a:<nil> k:5\] metadata:map\[labels:map\[b:\[x y\]\]\]\]": unrecognized type: string$/,
      ),
    });
    for (const [metadata, why] of [
      ['x', 'cannot restore struct from: string'],
      [{ labels: 'invalid' }, 'cannot restore map from string'],
      [{ labels: { a: ['b'] } }, 'unrecognized type: string'],
      [{ annotations: { a: 1 } }, 'cannot convert int64 to string'],
      [{ annotations: { a: 1.5 } }, 'unrecognized type: string'],
      [{ deletionGracePeriodSeconds: 1.5 }, 'cannot convert float64 to int64'],
      [{ finalizers: { a: 'b' } }, 'cannot restore slice from map'],
      [{ deletionGracePeriodSeconds: true }, 'unrecognized type: int64'],
      [{ creationTimestamp: 5 }, 'json: cannot unmarshal number into Go value of type string'],
    ] as const) {
      await expect(patch('strategic', { metadata })).rejects.toMatchObject({ message: expect.stringMatching(`": ${why}$`) });
    }
    await expect(patch('merge', { nope: 1 }, { options: { fieldValidation: 'Strict' } })).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: ".*": strict decoding error: unknown field \\?"nope"$/),
    });
  });

  it('cannot make another kind of an object', async () => {
    const { patch } = await configMaps();
    await expect(patch('merge', { kind: 'Secret' })).rejects.toMatchObject({
      message: expect.stringMatching(/: converting \(v1\.Secret\) to \(core\.ConfigMap\): unknown conversion$/),
    });
    expect(await patch('strategic', { kind: 'Secret', data: { k: 'w' } })).toMatchObject({ kind: 'ConfigMap', data: { k: 'w' } });
  });
});
