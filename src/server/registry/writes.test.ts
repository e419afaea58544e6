import { describe, expect, it } from 'vitest';
import { registry } from '../../api/index.ts';
import type { KubeList, KubeObject, Live } from '../../api/meta/object.ts';
import type { Deployment, DeploymentSpec, DeploymentStatus } from '../../api/schema/generated/types.ts';
import { ADMIN, fakeApi } from '../fake-api.ts';

type Written = Live<Deployment> & { spec: DeploymentSpec; status?: DeploymentStatus };

const configMap = (name: string, data: Record<string, string> = {}): KubeObject => ({ metadata: { name }, data }) as KubeObject;
const inDefault = { namespace: 'default' };
const deployment = (name: string) => ({
  metadata: { name, labels: { app: name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
  },
});

describe('create', () => {
  it('stamps what the server owns and drops what a client may not set', async () => {
    const api = await fakeApi();
    const body = { metadata: { name: 'a', uid: 'mine', selfLink: '/x', managedFields: [{ manager: 'me' }] }, data: { k: 'v' } };
    const made = await api.call('create', 'configmaps', { ...inDefault, body });
    expect(made.metadata).toEqual({
      name: 'a',
      namespace: 'default',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: '2026-01-01T00:00:00Z',
      resourceVersion: expect.stringMatching(/^\d+$/),
      managedFields: [expect.objectContaining({ manager: 'test', fieldsV1: { 'f:data': { '.': {}, 'f:k': {} } } })],
    });
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } });
  });

  it('refuses a name that is taken, in upstream’s words', async () => {
    const api = await fakeApi();
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    await expect(api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') })).rejects.toMatchObject({
      reason: 'AlreadyExists',
      message: 'deployments.apps "web" already exists',
      details: { name: 'web', group: 'apps', kind: 'deployments' },
    });
  });

  it('generates a name of five safe characters and tries again when it is taken', async () => {
    const rolls = [...Array(10).fill(0), ...Array(5).fill(0.5)];
    const api = await fakeApi({ random: () => rolls.shift() ?? 0.9 });
    const body = { metadata: { generateName: 'job-' } };
    const first = await api.call('create', 'configmaps', { ...inDefault, body });
    const second = await api.call('create', 'configmaps', { ...inDefault, body });
    expect(first.metadata?.name).toBe('job-bbbbb');
    expect(second.metadata?.name).not.toBe('job-bbbbb');
  });

  it('names a LimitRange that has no name', async () => {
    const api = await fakeApi();
    const limits = { ...inDefault, body: { spec: { limits: [] } } };
    const [one, other] = [await api.call('create', 'limitranges', limits), await api.call('create', 'limitranges', limits)];
    expect(one.metadata?.name).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(other.metadata?.name).not.toBe(one.metadata?.name);
    expect(await api.call('get', 'limitranges', { ...inDefault, name: one.metadata?.name ?? '' })).toEqual(one);
  });

  it('takes away the namespace of what belongs to the whole cluster, however it is written', async () => {
    const api = await fakeApi();
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', namespace: 'somewhere' } };
    const made = await api.call('create', 'namespaces', { body });
    const updated = await api.call('update', 'namespaces', {
      name: 'a',
      body: { ...made, metadata: { ...made.metadata, namespace: 'elsewhere' } },
    });
    const options = { fieldManager: 'm', force: true };
    const applied = await api.call('patch', 'namespaces', { name: 'a', patchType: 'apply', body, options });
    const added = await api.call('patch', 'namespaces', {
      name: 'b',
      patchType: 'apply',
      body: { ...body, metadata: { ...body.metadata, name: 'b' } },
      options,
    });
    const patched = await api.call('patch', 'namespaces', { name: 'a', patchType: 'merge', body: { metadata: { namespace: 'x' } } });
    for (const object of [made, updated, applied, added, patched]) expect(object.metadata).not.toHaveProperty('namespace');
  });

  it('names every fault of a name', async () => {
    const api = await fakeApi();
    await expect(api.call('create', 'configmaps', { ...inDefault, body: configMap('No Good') })).rejects.toMatchObject({
      reason: 'Invalid',
      code: 422,
    });
    await expect(api.call('create', 'configmaps', { ...inDefault, body: { metadata: {} } })).rejects.toMatchObject({
      message: 'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    });
  });

  it('refuses a namespace that is not the URL’s, and a kind that is not the resource’s', async () => {
    const api = await fakeApi();
    const elsewhere = { metadata: { name: 'a', namespace: 'other' } };
    await expect(api.call('create', 'configmaps', { ...inDefault, body: elsewhere })).rejects.toMatchObject({
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } };
    await expect(api.call('create', 'configmaps', { ...inDefault, body: foreign })).rejects.toMatchObject({ reason: 'BadRequest' });
  });

  it('stores nothing in a dry run', async () => {
    const api = await fakeApi();
    const made = await api.call('create', 'configmaps', { ...inDefault, body: configMap('a'), options: { dryRun: true } });
    expect(made.metadata?.uid).toBeDefined();
    await expect(api.call('get', 'configmaps', { ...inDefault, name: 'a' })).rejects.toMatchObject({ message: 'configmaps "a" not found' });
  });

  it('refuses a resourceVersion of a new object when it would be stored, after all that may be wrong with it', async () => {
    const api = await fakeApi();
    const make = (name: string, resourceVersion: string, dryRun = false) =>
      api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name, resourceVersion } }, options: { dryRun } });
    await expect(make('a', '7')).rejects.toMatchObject({
      code: 500,
      statedReason: '',
      message: 'resourceVersion should not be set on objects to be created',
    });
    await expect(make('A', '7')).rejects.toMatchObject({ reason: 'Invalid' });
    expect((await make('a', '7', true)).metadata).toMatchObject({ name: 'a', resourceVersion: '7' });
    for (const none of ['0', 'x']) expect((await make(`b-${none}`, none)).metadata?.resourceVersion).toMatch(/^\d+$/);
  });

  it('refuses unknown fields when validation is strict, and drops them otherwise', async () => {
    const api = await fakeApi();
    const body = { metadata: { name: 'a' }, dat: {} };
    await expect(api.call('create', 'configmaps', { ...inDefault, body, options: { fieldValidation: 'Strict' } })).rejects.toMatchObject({
      message: 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"',
    });
    expect(await api.call('create', 'configmaps', { ...inDefault, body })).not.toHaveProperty('dat');
  });
});

describe('update', () => {
  it('conflicts when the resourceVersion is old', async () => {
    const api = await fakeApi();
    const made = await api.call('create', 'configmaps', { ...inDefault, body: configMap('a') });
    await api.call('update', 'configmaps', { ...inDefault, name: 'a', body: { ...made, data: { k: '1' } } });
    await expect(api.call('update', 'configmaps', { ...inDefault, name: 'a', body: { ...made, data: { k: '2' } } })).rejects.toMatchObject({
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  it('makes no revision when nothing changes', async () => {
    const api = await fakeApi();
    const made = await api.call('create', 'configmaps', { ...inDefault, body: configMap('a', { k: 'v' }) });
    const again = await api.call('update', 'configmaps', { ...inDefault, name: 'a', body: configMap('a', { k: 'v' }) });
    expect(again.metadata?.resourceVersion).toBe(made.metadata?.resourceVersion);
  });

  it('bumps the generation for spec alone, and keeps spec and status apart', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web' };
    const made = await api.call<Written>('create', 'deployments.apps', {
      ...inDefault,
      body: { ...deployment('web'), status: { replicas: 7 } },
    });
    expect(made.metadata.generation).toBe(1);
    expect(made.status?.replicas).toBeUndefined();
    const spec = { ...made, spec: { ...made.spec, replicas: 3 }, status: { replicas: 9 } };
    const updated = await api.call<Written>('update', 'deployments.apps', { ...at, body: spec });
    expect([updated.metadata.generation, updated.status?.replicas]).toEqual([2, undefined]);
    const status = { ...updated, spec: { ...made.spec, replicas: 5 }, status: { replicas: 3 } };
    const observed = await api.call<Written>('update', 'deployments.apps', { ...at, subresource: 'status', body: status });
    expect([observed.metadata.generation, observed.status?.replicas, observed.spec.replicas]).toEqual([2, 3, 3]);
    const labelled = { ...observed, metadata: { ...observed.metadata, labels: { x: 'y' } } };
    expect((await api.call<Written>('update', 'deployments.apps', { ...at, body: labelled })).metadata.generation).toBe(2);
  });

  it('refuses another uid and another name', async () => {
    const api = await fakeApi();
    await api.call('create', 'configmaps', { ...inDefault, body: configMap('a') });
    const at = { ...inDefault, name: 'a' };
    await expect(api.call('update', 'configmaps', { ...at, body: { metadata: { name: 'a', uid: 'other' } } })).rejects.toMatchObject({
      reason: 'Conflict',
    });
    await expect(api.call('update', 'configmaps', { ...at, body: configMap('b') })).rejects.toMatchObject({
      message: 'the name of the object (b) does not match the name on the URL (a)',
    });
  });
});

describe('patch', () => {
  it.each(['merge', 'strategic', 'apply'] as const)('%s cannot change the uid, and makes no precondition of it', async (patchType) => {
    const api = await fakeApi();
    await api.call('create', 'configmaps', { ...inDefault, body: configMap('a') });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'abc' } };
    await expect(
      api.call('patch', 'configmaps', { ...inDefault, name: 'a', patchType, options: { fieldManager: 'm' }, body }),
    ).rejects.toMatchObject({
      reason: 'Invalid',
      message: 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "abc": field is immutable',
    });
  });

  it('applies strategic, merge and JSON patches', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web' };
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    const container = {
      spec: {
        template: {
          spec: {
            containers: [
              { name: 'c', image: 'y' },
              { name: 'd', image: 'z' },
            ],
          },
        },
      },
    };
    const strategic = await api.call<Written>('patch', 'deployments.apps', { ...at, patchType: 'strategic', body: container });
    expect(strategic.spec.template.spec?.containers.map((c) => c.image).sort()).toEqual(['y', 'z']);
    const merged = await api.call<Written>('patch', 'deployments.apps', {
      ...at,
      patchType: 'merge',
      body: { metadata: { labels: { app: null, b: 'c' } } },
    });
    expect(merged.metadata.labels).toEqual({ b: 'c' });
    const ops = [{ op: 'replace', path: '/spec/replicas', value: 4 }];
    const replaced = await api.call<Written>('patch', 'deployments.apps', { ...at, patchType: 'json', body: ops });
    expect([replaced.spec.replicas, replaced.metadata.generation]).toEqual([4, 3]);
  });

  it('insists on a resourceVersion only when the patch brings one', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'a', patchType: 'merge' as const };
    await api.call('create', 'configmaps', { ...inDefault, body: configMap('a') });
    await Promise.all(['x', 'y', 'z'].map((k) => api.call('patch', 'configmaps', { ...at, body: { data: { [k]: '1' } } })));
    expect(await api.call('get', 'configmaps', { ...inDefault, name: 'a' })).toMatchObject({ data: { x: '1', y: '1', z: '1' } });
    const stale = { metadata: { resourceVersion: '1' }, data: { x: '2' } };
    await expect(api.call('patch', 'configmaps', { ...at, body: stale })).rejects.toMatchObject({ reason: 'Conflict' });
  });

  it('scales through the scale subresource', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web', subresource: 'scale' };
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    const scale = await api.call<Written>('get', 'deployments.apps', at);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: 'app=web' } });
    await api.call('update', 'deployments.apps', { ...at, body: { ...scale, spec: { replicas: 6 } } });
    const scaled = await api.call<Written>('patch', 'deployments.apps', { ...at, patchType: 'merge', body: { spec: { replicas: 7 } } });
    expect(scaled.spec.replicas).toBe(7);
    const { metadata } = await api.call<Written>('get', 'deployments.apps', { ...inDefault, name: 'web' });
    expect(metadata.generation).toBe(3);
    const [entry, ...others] = metadata.managedFields?.filter(({ subresource }) => subresource === 'scale') ?? [];
    expect([entry?.operation, entry?.time, others]).toEqual(['Update', undefined, []]);
  });

  it('takes no Scale of something else, and no replicas that are no int32', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web', subresource: 'scale' };
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    const put = (metadata: object, replicas: unknown = 1) =>
      api.call('update', 'deployments.apps', {
        ...at,
        body: { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata, spec: { replicas } },
      });
    const patched = (replicas: unknown) =>
      api.call('patch', 'deployments.apps', { ...at, patchType: 'merge', body: { spec: { replicas } } });
    await expect(put({})).rejects.toThrow('the name of the object (web based on URL) was undeterminable: name must be provided');
    await expect(put({ name: 'web', namespace: 'other' })).rejects.toThrow('does not match the namespace sent on the request');
    await expect(put({ name: 'web', uid: 'x' })).rejects.toMatchObject({
      reason: 'Conflict',
      message: expect.stringContaining('UID in precondition: x'),
    });
    const why = 'json: cannot unmarshal number 3000000000 into Go struct field ScaleSpec.spec.replicas of type int32';
    await expect(put({ name: 'web' }, 3e9)).rejects.toMatchObject({ code: 400, message: expect.stringContaining(why) });
    await expect(patched(3e9)).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(`^ "" is invalid: patch: Invalid value: .*${why}$`),
    });
    await expect(patched('5')).rejects.toMatchObject({ code: 422, message: expect.stringContaining('cannot unmarshal string') });
    expect(await api.call('get', 'deployments.apps', at)).toMatchObject({ spec: { replicas: 1 } });
  });

  it('reads a Scale as every object, and notes of its writers no time', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web', subresource: 'scale' };
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    const put = (body: object, options = {}) => api.call<Written>('update', 'deployments.apps', { ...at, body, options });
    await put({ metadata: { name: 'web' }, spec: { replicas: 2 } });
    const { managedFields } = (await api.call('get', 'deployments.apps', { ...inDefault, name: 'web' })).metadata ?? {};
    expect(managedFields?.find(({ subresource }) => subresource === 'scale')).not.toHaveProperty('time');
    await expect(put({ kind: 'Deployment', apiVersion: 'apps/v1' })).rejects.toThrow(
      'Deployment in version "v1" cannot be handled as a Scale: converting (v1.Deployment) to (autoscaling.Scale): unknown conversion',
    );
    await expect(put({ metadata: { name: 'web' }, spec: { replicas: 2, foo: 1 } }, { fieldValidation: 'Strict' })).rejects.toThrow(
      'Scale in version "v1" cannot be handled as a Scale: strict decoding error: unknown field "spec.foo"',
    );
    const applied = { apiVersion: 'autoscaling/v1', kind: 'Scale', spec: { replicas: 3 } };
    const apply = { ...at, body: applied, patchType: 'apply', options: { fieldManager: 'me' } } as const;
    await expect(api.call('patch', 'deployments.apps', apply)).rejects.toThrow('using autoscaling/v1: .spec.replicas');
  });
});

describe('delete', () => {
  it('removes at once and answers with a Status', async () => {
    const api = await fakeApi();
    await api.call('create', 'configmaps', { ...inDefault, body: configMap('a') });
    expect(await api.call('delete', 'configmaps', { ...inDefault, name: 'a' })).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'a', kind: 'configmaps' },
    });
    await expect(api.call('delete', 'configmaps', { ...inDefault, name: 'a' })).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('answers with the object that it removed for the kinds for which upstream does', async () => {
    const api = await fakeApi();
    await api.call('create', 'csinodes.storage.k8s.io', { body: { metadata: { name: 'n1' }, spec: { drivers: [] } } });
    const removed = await api.call('delete', 'csinodes.storage.k8s.io', { name: 'n1' });
    expect(removed).toMatchObject({ kind: 'CSINode', metadata: { name: 'n1' }, spec: {} });
    const kinds = registry.all.filter((definition) => definition.returnsDeleted).map((definition) => definition.kind);
    expect(kinds.sort().join(' ')).toBe(
      'CSIDriver CSINode DeviceClass PersistentVolume PersistentVolumeClaim Pod PodTemplate ResourceClaim ResourceClaimTemplate ' +
        'ResourceQuota ResourceSlice Service ServiceAccount StorageClass VolumeAttachment VolumeAttributesClass',
    );
  });

  it('waits for finalizers, and ends with the update that takes off the last one', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'a' };
    await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name: 'a', finalizers: ['example.com/x'] } } });
    const marked = await api.call('delete', 'configmaps', at);
    expect(marked.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 });
    const added = { metadata: { finalizers: ['example.com/x', 'example.com/y'] } };
    await expect(api.call('patch', 'configmaps', { ...at, patchType: 'merge', body: added })).rejects.toMatchObject({ reason: 'Invalid' });
    await api.call('patch', 'configmaps', { ...at, patchType: 'merge', body: { metadata: { finalizers: null } } });
    await expect(api.call('get', 'configmaps', at)).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('gives a running pod its grace period, and removes it when the kubelet deletes with none', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'p' };
    const body = {
      metadata: { name: 'p' },
      spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }], terminationGracePeriodSeconds: 20 },
    };
    await api.call('create', 'pods', { ...inDefault, body });
    const marked = await api.call('delete', 'pods', at);
    expect(marked.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:20Z', deletionGracePeriodSeconds: 20, generation: 2 });
    const shorter = await api.call('delete', 'pods', { ...at, body: { gracePeriodSeconds: 5 } });
    expect(shorter.metadata).toMatchObject({ deletionTimestamp: '2026-01-01T00:00:05Z', deletionGracePeriodSeconds: 5 });
    await api.call('delete', 'pods', { ...at, body: { gracePeriodSeconds: 0 } });
    await expect(api.call('get', 'pods', at)).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('honours preconditions and propagation policies', async () => {
    const api = await fakeApi();
    const at = { ...inDefault, name: 'web' };
    await api.call('create', 'deployments.apps', { ...inDefault, body: deployment('web') });
    await expect(api.call('delete', 'deployments.apps', { ...at, body: { preconditions: { uid: 'x' } } })).rejects.toMatchObject({
      reason: 'Conflict',
    });
    const marked = await api.call('delete', 'deployments.apps', { ...at, body: { propagationPolicy: 'Foreground' } });
    expect(marked.metadata?.finalizers).toEqual(['foregroundDeletion']);
  });

  it('deletes a collection by selector', async () => {
    const api = await fakeApi();
    for (const name of ['a', 'b', 'c']) {
      await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name, labels: { keep: String(name === 'b') } } } });
    }
    await api.call('deletecollection', 'configmaps', { ...inDefault, options: { labelSelector: 'keep=false' } });
    expect((await api.list('configmaps', inDefault)).items.map((o) => o.metadata?.name)).toEqual(['b']);
  });

  it('deletes one page of a collection when a limit is given', async () => {
    const api = await fakeApi();
    for (const name of ['a', 'b', 'c']) await api.call('create', 'configmaps', { ...inDefault, body: { metadata: { name } } });
    const gone = await api.call<KubeList>('deletecollection', 'configmaps', { ...inDefault, options: { limit: 2 } });
    expect(gone.items.map((o) => o.metadata?.name)).toEqual(['a', 'b']);
    expect(gone.metadata.continue).toBeDefined();
    expect((await api.list('configmaps', inDefault)).items.map((o) => o.metadata?.name)).toEqual(['c']);
  });

  it('leaves the dependents of a Job or ReplicationController behind unless it is told what to do with them', async () => {
    const api = await fakeApi();
    const template = { metadata: { labels: { a: 'b' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } };
    const warnings: string[] = [];
    const context = { user: ADMIN, signal: new AbortController().signal, warn: (text: string) => void warnings.push(text) };
    const job = { group: 'batch', version: 'v1', resource: 'jobs', ...inDefault, name: 'j' };
    await api.call('create', 'jobs.batch', { ...inDefault, body: { metadata: { name: 'j' }, spec: { template } } });
    const orphaning = await api.handler.request({ ...job, verb: 'delete' }, context);
    expect(orphaning).toMatchObject({ metadata: { finalizers: ['orphan'] } });
    expect(warnings).toEqual([
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    ]);
    await api.handler.request({ ...job, verb: 'delete', body: { propagationPolicy: 'Background' } }, context);
    await expect(api.call('get', 'jobs.batch', { ...inDefault, name: 'j' })).rejects.toMatchObject({ reason: 'NotFound' });
    expect(warnings).toHaveLength(1);
    const always = { ...template, spec: { ...template.spec, restartPolicy: 'Always' } };
    const rc = { metadata: { name: 'r' }, spec: { selector: { a: 'b' }, template: always } };
    await api.call('create', 'replicationcontrollers', { ...inDefault, body: rc });
    expect(await api.call('delete', 'replicationcontrollers', { ...inDefault, name: 'r' })).toMatchObject({
      metadata: { finalizers: ['orphan'] },
    });
  });
});

it.each([
  ['deployments.apps', { annotations: { a: 'b' } }, 2],
  ['deployments.apps', { labels: { a: 'b' } }, 1],
  ['endpointslices.discovery.k8s.io', { labels: { a: 'b' } }, 2],
  ['endpointslices.discovery.k8s.io', { annotations: { a: 'b' } }, 1],
])('a change of metadata is one of the content where others take it over: of %s, %j', async (id, metadata, generation) => {
  const api = await fakeApi();
  const slice = { metadata: { name: 'a' }, addressType: 'IPv4', endpoints: [], ports: [] };
  await api.call('create', id, { ...inDefault, body: id === 'deployments.apps' ? deployment('a') : slice });
  const changed = await api.call('patch', id, { ...inDefault, name: 'a', patchType: 'merge', body: { metadata } });
  expect(changed.metadata?.generation).toBe(generation);
});

it.each([
  ['csistoragecapacities.storage.k8s.io', { storageClassName: 's' }, inDefault],
  ['leases.coordination.k8s.io', {}, inDefault],
  ['validatingadmissionpolicybindings.admissionregistration.k8s.io', { spec: { policyName: 'p', validationActions: ['Deny'] } }, {}],
])('an update of %s has to say of which version it is, and is refused in the name of the resource', async (id, content, place) => {
  const api = await fakeApi();
  const body = { metadata: { name: 'a' }, ...content };
  await api.call('create', id, { ...place, body });
  for (const resourceVersion of [undefined, '0']) {
    const unversioned = { ...body, metadata: { name: 'a', resourceVersion } };
    await expect(api.call('update', id, { ...place, name: 'a', body: unversioned })).rejects.toMatchObject({
      message: `${id} "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update`,
      details: { kind: id.split('.', 1)[0] },
    });
  }
});

describe('a resourceVersion that a change brings', () => {
  const role = (resourceVersion?: string) => ({ metadata: { name: 'a', resourceVersion } });
  const patches = { merge: { metadata: { resourceVersion: null } }, json: [{ op: 'remove', path: '/metadata/resourceVersion' }] } as const;

  it.each([
    ['x', 'invalid syntax'],
    ['-1', 'invalid syntax'],
    ['1.0', 'invalid syntax'],
    ['18446744073709551616', 'value out of range'],
  ])('is a number, which %j is not', async (text, fault) => {
    const api = await fakeApi();
    const refused = { reason: 'InternalError', message: `strconv.ParseUint: parsing "${text}": ${fault}` };
    const put = () => api.call('update', 'roles.rbac.authorization.k8s.io', { ...inDefault, name: 'a', body: role(text) });
    await expect(put()).rejects.toMatchObject(refused);
    await api.call('create', 'roles.rbac.authorization.k8s.io', { ...inDefault, body: role() });
    await expect(put()).rejects.toMatchObject(refused);
  });

  it('is none when it is zero, however that is written, and does not matter to what is not there yet', async () => {
    const api = await fakeApi();
    const put = (text: string) => api.call('update', 'roles.rbac.authorization.k8s.io', { ...inDefault, name: 'a', body: role(text) });
    expect((await put('7')).metadata?.name).toBe('a');
    await expect(put('7')).rejects.toMatchObject({ reason: 'Conflict' });
    expect((await put('00')).metadata?.name).toBe('a');
  });

  it.each(['merge', 'json'] as const)('may be taken away by a %s patch, but not where the version has to be said', async (patchType) => {
    const api = await fakeApi();
    const patch = (id: string) => api.call('patch', id, { ...inDefault, name: 'a', patchType, body: patches[patchType] });
    await api.call('create', 'configmaps', { ...inDefault, body: role() });
    await api.call('create', 'leases.coordination.k8s.io', { ...inDefault, body: role() });
    expect((await patch('configmaps')).metadata?.name).toBe('a');
    await expect(patch('leases.coordination.k8s.io')).rejects.toMatchObject({
      message: expect.stringContaining('metadata.resourceVersion: Invalid value: 0: must be specified for an update'),
    });
  });
});

it.each([
  ['events.events.k8s.io', 201],
  ['runtimeclasses.node.k8s.io', 201],
  ['resourcequotas', 404],
])('a PUT of %s that is not there yet answers %d', async (id, code) => {
  const api = await fakeApi();
  const event = {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'a.b/c',
    reportingInstance: 'i',
    action: 'a',
    reason: 'r',
  };
  const content = { metadata: { name: 'a' }, ...event, type: 'Normal', regarding: { namespace: 'default' }, handler: 'h' };
  const place = id === 'runtimeclasses.node.k8s.io' ? {} : inDefault;
  const answer = api.call('update', id, { ...place, name: 'a', body: content }).then(
    () => 201,
    (error) => error.code,
  );
  expect(await answer).toBe(code);
});

it.each([
  ['persistentvolumes', { spec: { capacity: { storage: '1' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' } } }, 'Pending'],
  ['namespaces', {}, 'Active'],
])('a status of %s without a phase has the first one', async (id, content, phase) => {
  const api = await fakeApi();
  await api.call('create', id, { body: { metadata: { name: 'a' }, ...content } });
  const body = { metadata: { name: 'a' }, ...content, status: { message: '' } };
  const written = await api.call<KubeObject & { status?: { phase?: string } }>('update', id, { name: 'a', subresource: 'status', body });
  expect(written.status?.phase).toBe(phase);
});

describe('the generation', () => {
  it('stays what a client called it, where the kind counts none', async () => {
    const api = await fakeApi();
    const made = await api.call('create', 'configmaps', {
      ...inDefault,
      body: { metadata: { name: 'a', generation: 5 }, data: { k: '1' } },
    });
    expect(made.metadata?.generation).toBe(5);
    const changed = await api.call('update', 'configmaps', { ...inDefault, name: 'a', body: { ...made, data: { k: '2' } } });
    expect(changed.metadata?.generation).toBe(5);
    const counted = await api.call('create', 'deployments.apps', {
      ...inDefault,
      body: { ...deployment('d'), metadata: { name: 'd', generation: 5 } },
    });
    expect(counted.metadata?.generation).toBe(1);
  });

  it('is no negative number', async () => {
    const api = await fakeApi();
    const body = { metadata: { name: 'a', generation: -1 } };
    await expect(api.call('create', 'configmaps', { ...inDefault, body })).rejects.toThrow(
      'metadata.generation: Invalid value: -1: must be greater than or equal to 0',
    );
  });

  it('of a PriorityClass is there, and not counted', async () => {
    const api = await fakeApi();
    const made = await api.call('create', 'priorityclasses.scheduling.k8s.io', { body: { metadata: { name: 'p' }, value: 1 } });
    const body = { ...made, description: 'x' };
    const changed = await api.call('update', 'priorityclasses.scheduling.k8s.io', { name: 'p', body });
    expect([made.metadata?.generation, changed.metadata?.generation]).toEqual([1, 1]);
  });
});

it.each(['', 'a/', 'a/b/c'])('an owner of the version %j is none', async (apiVersion) => {
  const api = await fakeApi();
  const body = { metadata: { name: 'a', ownerReferences: [{ apiVersion, kind: 'Pod', name: 'p', uid: 'u' }] } };
  await expect(api.call('create', 'configmaps', { ...inDefault, body })).rejects.toThrow(
    `metadata.ownerReferences.apiVersion: Invalid value: ${JSON.stringify(apiVersion)}: version must not be empty`,
  );
});
