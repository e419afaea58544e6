import { expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CustomResourceDefinition } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { ADMIN, type FakeApi, fakeApi } from '../fake-api.ts';
import { cronTabs } from './fake-crds.ts';

type CronTab = KubeObject & { spec?: Record<string, unknown>; status?: object };
const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';

async function withCrd(crd: CustomResourceDefinition, test: (api: FakeApi) => Promise<void>): Promise<void> {
  const api = await fakeApi();
  const abort = new AbortController();
  const ready = Promise.withResolvers<void>();
  const run = api.customResources.run({ signal: abort.signal, ready: ready.resolve });
  await ready.promise;
  try {
    await api.call('create', CRDS, { body: crd });
    for (let looks = 0; looks < 300; looks += 1) {
      const { status } = await api.call<CustomResourceDefinition>('get', CRDS, { name: crd.metadata?.name });
      if (status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True')) break;
      await new Promise((resolve) => setImmediate(resolve));
      api.clock.advance(100);
    }
    await test(api);
  } finally {
    abort.abort();
    await run;
  }
}

function apply(api: FakeApi, fieldManager: string, spec: object, rest: Partial<ApiRequest> = {}): Promise<CronTab> {
  const body = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'c' }, spec };
  const target = {
    verb: 'patch',
    group: 'stable.example.com',
    version: 'v1',
    resource: 'crontabs',
    namespace: 'default',
    name: 'c',
  } as const;
  const request: ApiRequest = { ...target, patchType: 'apply', body, ...rest, options: { fieldManager, ...rest.options } };
  return api.localTransport(ADMIN, 'test').request(request, { signal: new AbortController().signal }) as Promise<CronTab>;
}

function withLists(): CustomResourceDefinition {
  const crd = cronTabs();
  const [version] = crd.spec.versions;
  const spec = version?.schema?.openAPIV3Schema?.properties?.spec;
  Object.assign(spec?.properties ?? {}, {
    jobs: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, at: { type: 'string' } } },
    },
    words: { type: 'array', items: { type: 'string' } },
  });
  return crd;
}

it('custom resources merge as their schema says', () =>
  withCrd(withLists(), async (api) => {
    await apply(api, 'one', { image: 'i', jobs: [{ name: 'a', at: '1' }], words: ['x'] });
    const both = await apply(api, 'two', { image: 'i', jobs: [{ name: 'b', at: '2' }] });
    expect(both.spec).toEqual({
      image: 'i',
      replicas: 1,
      jobs: [
        { name: 'a', at: '1' },
        { name: 'b', at: '2' },
      ],
      words: ['x'],
    });
    expect(both.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(['one', 'two']);
    await expect(apply(api, 'two', { image: 'i', words: ['y'] })).rejects.toMatchObject({
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.words',
    });
    expect((await apply(api, 'two', { image: 'i' })).spec).toMatchObject({ jobs: [{ name: 'a', at: '1' }] });
  }));

it('what the schema of a custom resource lacks is refused, and elements that are there twice', () =>
  withCrd(withLists(), async (api) => {
    await expect(apply(api, 'one', { image: 'i', typo: 1 })).rejects.toMatchObject({
      code: 500,
      message: expect.stringContaining('.spec.typo: field not declared in schema'),
    });
    await expect(apply(api, 'one', { image: 'i', jobs: [{ name: 'a' }, { name: 'a' }] })).rejects.toMatchObject({
      message: expect.stringContaining('.spec.jobs: duplicate entries for key [name="a"]'),
    });
  }));

it('status and scale of a custom resource have owners of their own', () =>
  withCrd(withLists(), async (api) => {
    await apply(api, 'one', { image: 'i', replicas: 2 });
    const body = {
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: { name: 'c', labels: { l: 'x' } },
      status: { replicas: 2 },
    };
    const after = await apply(api, 'ctl', {}, { subresource: 'status', body });
    expect(after).toMatchObject({ status: { replicas: 2 } });
    expect(after.metadata?.managedFields?.find(({ manager }) => manager === 'ctl')?.fieldsV1).toEqual({ 'f:status': { 'f:replicas': {} } });
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'c' }, spec: { replicas: 3 } };
    await expect(apply(api, 'hpa', {}, { subresource: 'scale', body: scale })).rejects.toMatchObject({ reason: 'Conflict' });
    const scaled = await apply(api, 'hpa', {}, { subresource: 'scale', body: scale, options: { force: true } });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
  }));

it('owners of parts own the whole of what has become atomic since', () =>
  withCrd(withLists(), async (api) => {
    await apply(api, 'one', { image: 'i', jobs: [{ name: 'a', at: 'x' }] });
    const crd = structuredClone(await api.call<CustomResourceDefinition>('get', CRDS, { name: 'crontabs.stable.example.com' }));
    const jobs = crd.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.spec?.properties?.jobs as unknown as Record<string, unknown>;
    delete jobs['x-kubernetes-list-map-keys'];
    jobs['x-kubernetes-list-type'] = 'atomic';
    await api.call('update', CRDS, { name: 'crontabs.stable.example.com', body: crd });
    for (let looks = 0; looks < 50; looks += 1) await new Promise((resolve) => setImmediate(resolve));
    const after = await apply(api, 'two', { words: ['w'] });
    expect(after.metadata?.managedFields?.find(({ manager }) => manager === 'one')?.fieldsV1).toEqual({
      'f:spec': { 'f:image': {}, 'f:jobs': {} },
    });
  }));
