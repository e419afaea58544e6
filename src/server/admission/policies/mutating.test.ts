import { beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../../api/index.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import { fakeClock } from '../../../base/fake-clock.ts';
import { type FakeApi, fakeApi } from '../../fake-api.ts';
import { equivalentsOf } from '../matching/equivalents.ts';
import { mutatingAdmissionPolicy } from '../plugins/mutating-admission-policy.ts';
import type { PolicyCheck } from './checks.ts';

const POLICIES = 'mutatingadmissionpolicies.admissionregistration.k8s.io';
const BINDINGS = 'mutatingadmissionpolicybindings.admissionregistration.k8s.io';
const at = { namespace: 'apps' };
const settled = () => new Promise((resolve) => setImmediate(resolve));
const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] };

let api: FakeApi;
let checks: PolicyCheck[];
beforeEach(async () => {
  checks = [];
  api = await fakeApi({
    admissionOver: (objects) => [
      mutatingAdmissionPolicy({
        objects,
        kinds: () => registry,
        equivalents: equivalentsOf(() => registry),
        authorizer: () => ({ allowed: true, reason: '' }),
        clock: fakeClock(),
        observe: (check) => void checks.push(check),
      }),
    ],
  });
  await api.call('create', 'namespaces', { body: { metadata: { name: 'apps' } } });
});

const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const patch = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });
async function policy(spec: object, name = 'p', binding: object = {}) {
  const body = { metadata: { name }, spec: { matchConstraints: { resourceRules: [rule] }, reinvocationPolicy: 'Never', ...spec } };
  await api.call('create', POLICIES, { body });
  await api.call('create', BINDINGS, { body: { metadata: { name: `${name}-binding` }, spec: { policyName: name, ...binding } } });
  await settled();
}
const create = (name = 'web', metadata: object = {}) =>
  api.call<KubeObject & { spec: { initContainers?: object[]; containers: object[]; tolerations?: object[] } }>('create', 'pods', {
    ...at,
    body: { metadata: { name, ...metadata }, spec: { containers: [{ name: 'c', image: 'x', env: [{ name: 'A', value: '1' }] }] } },
  });

const SIDECAR = `Object{
  spec: Object.spec{
    initContainers: [
      Object.spec.initContainers{
        name: "mesh-proxy",
        image: "mesh/proxy:v1.0.0",
        restartPolicy: "Always"
      }
    ]
  }
}`;

describe('checks', () => {
  it('are told of every mutation, with its failure', async () => {
    await policy({
      mutations: [apply('Object{metadata: Object.metadata{labels: {"a": "b"}}}'), patch('[JSONPatch{op: "remove", path: "/nope"}]')],
    });
    await expect(create()).rejects.toMatchObject({ code: 403 });
    const about = { policy: 'p', binding: 'p-binding', seconds: 0 };
    expect(checks).toEqual([
      { ...about, error: 'no_error' },
      { ...about, error: 'invalid_error' },
    ]);
  });
});

describe('an apply configuration', () => {
  it('adds a sidecar, and defaults it', async () => {
    await policy({
      matchConditions: [{ name: 'none-yet', expression: "!object.spec.?initContainers.orValue([]).exists(c, c.name == 'mesh-proxy')" }],
      mutations: [apply(SIDECAR)],
    });
    const { spec } = await create();
    expect(spec.initContainers).toMatchObject([
      {
        name: 'mesh-proxy',
        image: 'mesh/proxy:v1.0.0',

        restartPolicy: 'Always',
        imagePullPolicy: 'IfNotPresent',
      },
    ]);
  });

  it('merges lists by their keys and maps by their names', async () => {
    const containers =
      'object.spec.containers.map(c, Object.spec.containers{name: c.name, env: [Object.spec.containers.env{name: "B", value: "2"}]})';
    await policy({
      mutations: [apply(`Object{metadata: Object.metadata{labels: {"b": "2"}}, spec: Object.spec{containers: ${containers}}}`)],
    });
    const { metadata, spec } = await create('web', { labels: { a: '1' } });
    expect(metadata?.labels).toEqual({ a: '1', b: '2' });
    expect(spec.containers).toMatchObject([{ name: 'c', image: 'x' }]);
    const [{ env }] = spec.containers as [{ env: { name: string; value: string }[] }];
    expect(env).toEqual([
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]);
  });

  it.each([
    ['spec: Object.spec{tolerations: [Object.spec.tolerations{key: "k", operator: "Exists"}]}', '.spec.tolerations'],
    ['spec: Object.spec{initContainers: [Object.spec.initContainers{name: "i", image: "x", args: ["a"]}]}', '.spec.initContainers[0].args'],
  ])('may not set what is only replaced as a whole: %s', async (fields, path) => {
    await policy({ mutations: [apply(`Object{${fields}}`)] });
    const why = `may not mutate atomic arrays, maps or structs: ${path}`;
    await expect(create()).rejects.toThrow(`denied request: error applying patch: invalid ApplyConfiguration: ${why}`);
  });

  it('whose types do not name the paths of their fields is refused', async () => {
    await policy({ mutations: [apply('Object{spec: Object.metadata{}}')] });
    await expect(create()).rejects.toMatchObject({
      code: 403,
      reason: 'Invalid',
      message:
        'policy \'p\' with binding \'p-binding\' denied request: type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name path from root Object type',
    });
  });
});

describe('a JSON patch', () => {
  it('sets labels with keys that are escaped', async () => {
    const expression = `[
      JSONPatch{op: "test", path: "/spec/containers/0/name", value: "c"},
      JSONPatch{op: "add", path: "/metadata/labels", value: {}},
      JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/environment"), value: "test"},
      JSONPatch{op: "add", path: "/spec/tolerations", value: [Object.spec.tolerations{key: "k", operator: "Exists"}]}
    ]`;
    await policy({ mutations: [patch(expression)] });
    const { metadata, spec } = await create();
    expect(metadata?.labels).toEqual({ 'example.com/environment': 'test' });
    expect(spec.tolerations).toEqual([{ key: 'k', operator: 'Exists' }]);
  });

  it('is not made when a test in it does not hold', async () => {
    const expression =
      '[JSONPatch{op: "test", path: "/metadata/name", value: "other"}, JSONPatch{op: "add", path: "/metadata/labels", value: {"a": "b"}}]';
    await policy({ mutations: [patch(expression)] });
    expect((await create()).metadata?.labels).toBeUndefined();
  });

  it('is not made either when a test fails before what could not be made', async () => {
    const expression =
      '[JSONPatch{op: "test", path: "/metadata/labels", value: {"a": "b"}}, JSONPatch{op: "add", path: "/metadata/labels/c", value: "d"}]';
    await policy({ mutations: [patch(expression)] });
    expect((await create()).metadata?.labels).toBeUndefined();
  });

  it('that cannot be applied refuses, unless failures are ignored', async () => {
    const mutations = [patch('[JSONPatch{op: "remove", path: "/metadata/nope"}]')];
    await policy({ mutations, failurePolicy: 'Ignore' });
    await create();
    await policy({ mutations }, 'q');
    await expect(create('b')).rejects.toMatchObject({ message: /^policy 'q' with binding 'q-binding' denied request: JSON Patch: / });
  });

  it('may be empty', async () => {
    await policy({ mutations: [patch('has(object.metadata.labels) ? [JSONPatch{op: "remove", path: "/metadata/labels"}] : []')] });
    expect((await create('a')).metadata?.labels).toBeUndefined();
    expect((await create('b', { labels: { x: 'y' } })).metadata?.labels).toBeUndefined();
  });
});

describe('policies', () => {
  const count = (start: string) =>
    `Object{metadata: Object.metadata{annotations: {"seen": ${start} + object.metadata.?annotations[?"seen"].orValue("")}}}`;

  it('see what those before them made, and what each of their own mutations made', async () => {
    await policy({
      variables: [{ name: 'before', expression: 'object.metadata.?annotations[?"seen"].orValue("")' }],
      mutations: [apply(count('"a"')), apply(count('"b"'))],
    });
    await policy({ mutations: [apply(count('"c"'))] }, 'q');
    expect((await create()).metadata?.annotations).toEqual({ seen: 'cba' });
  });

  it('look again when something changed the object after them and they are told to', async () => {
    await policy({ mutations: [apply(count('"a"'))], reinvocationPolicy: 'IfNeeded' });
    await policy({ mutations: [apply(count('"b"'))] }, 'q');
    expect((await create()).metadata?.annotations).toEqual({ seen: 'aba' });
  });

  it('use parameters and the namespace', async () => {
    await api.call('create', 'configmaps', { ...at, body: { metadata: { name: 'settings' }, data: { team: 'red' } } });
    await policy(
      {
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        mutations: [
          apply('Object{metadata: Object.metadata{labels: {"team": string(params.data.team), "in": namespaceObject.metadata.name}}}'),
        ],
      },
      'p',
      { paramRef: { name: 'settings', parameterNotFoundAction: 'Deny' } },
    );
    expect((await create()).metadata?.labels).toEqual({ team: 'red', in: 'apps' });
    await api.call('delete', 'configmaps', { ...at, name: 'settings' });
    await settled();
    await expect(create('b')).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        "policy 'p' with binding 'p-binding' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    });
  });

  it('whose parameters are of a kind that nothing serves refuse', async () => {
    const paramKind = { apiVersion: 'rules.example.com/v1', kind: 'Sidecar' };
    await policy({ paramKind, mutations: [apply('Object{}')] }, 'p', { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } });
    await expect(create()).rejects.toMatchObject({
      code: 403,
      message:
        'policy "p" denied request: failed to configure policy: failed to find resource referenced by paramKind: \'rules.example.com/v1, Kind=Sidecar\'',
    });
  });

  it('refuse what they cannot compute', async () => {
    await policy({ mutations: [apply('Object{metadata: Object.metadata{labels: {"x": object.spec.nope}}}')] });
    await expect(create()).rejects.toThrow('resulted in error: no such key: nope');
  });

  it.each([
    [
      apply('Object{spec: Object.spec{nope: 1}}'),
      "policy 'p' with binding 'p-binding' denied request: error applying patch: failed to convert patch object to typed object: .spec.nope: field not declared in schema",
    ],
    [
      patch('[JSONPatch{op: "remove", path: "/metadata/labels/x"}]'),
      'denied request: JSON Patch: remove operation does not apply: doc is missing path: "/metadata/labels/x": missing value',
    ],
    [patch('[JSONPatch{op: "zap", path: "/spec"}]'), 'denied request: JSON Patch: Unexpected kind: zap'],
    [patch('[JSONPatch{op: "add", path: "/nope", value: 1}]'), 'Internal error occurred: strict decoding error: unknown field "nope"'],
    [
      patch('[JSONPatch{op: "add", path: "/metadata/labels", value: {"n": 1}}]'),
      'Internal error occurred: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
  ])('refuse what does not fit: %j', async (mutation, message) => {
    await policy({ mutations: [mutation] });
    await expect(create()).rejects.toThrow(message);
  });

  it('do not change what their conditions leave out', async () => {
    await policy({ matchConditions: [{ name: 'no', expression: 'object.metadata.name == "other"' }], mutations: [apply(count('"a"'))] });
    expect((await create()).metadata?.annotations).toBeUndefined();
  });
});
