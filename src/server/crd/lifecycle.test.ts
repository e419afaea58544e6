import { afterEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../api/schema/generated/types.ts';
import type { ApiRequest, Verb } from '../../api/transport.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openStore } from '../../store/open.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { TEST_CERT } from '../http/fake-certificate.ts';
import { cronTabs } from './fake-crds.ts';

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
type Cr = KubeObject & { spec?: Record<string, unknown>; status?: Record<string, unknown> };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** An API whose custom resources are looked after. */
async function running(options: Parameters<typeof fakeApi>[0] = {}): Promise<FakeApi> {
  const api = await fakeApi(options);
  const abort = new AbortController();
  const ready = Promise.withResolvers<void>();
  const run = api.customResources.run({ signal: abort.signal, ready: ready.resolve });
  stops.push(async () => {
    abort.abort();
    await run;
  });
  await ready.promise;
  return api;
}

/** Lets the server work, and time pass, until it is so. */
async function until({ clock }: FakeApi, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (await check()) return;
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(100);
  }
  throw new Error('it did not become true');
}

const crdOf = (api: FakeApi, name: string) => api.call<CustomResourceDefinition>('get', CRDS, { name });
const conditionOf = (crd: CustomResourceDefinition, type: string) => crd.status?.conditions?.find((c) => c.type === type);

async function established(api: FakeApi, crd: CustomResourceDefinition): Promise<void> {
  await api.call('create', CRDS, { body: crd });
  await until(api, async () => conditionOf(await crdOf(api, crd.metadata?.name ?? ''), 'Established')?.status === 'True');
}

const cr = (name: string, spec: Record<string, unknown> = { cronSpec: '* * * * */5', image: 'i' }): Cr => ({ metadata: { name }, spec });
const inDefault = { namespace: 'default' };
/** Custom resources say what they are. */
const typed = ({ body, patchType, subresource }: Partial<ApiRequest>, version: string) =>
  body && !patchType && !subresource ? { body: { apiVersion: `stable.example.com/${version}`, kind: 'CronTab', ...body } } : {};
const send = (api: FakeApi, verb: Verb, rest: Partial<ApiRequest> = {}, version = 'v1') =>
  api.transport.request(
    { verb, group: 'stable.example.com', version, resource: 'crontabs', ...inDefault, ...rest, ...typed(rest, version) },
    { signal: new AbortController().signal },
  ) as Promise<Cr & { items: Cr[] }>;

describe('a CustomResourceDefinition', () => {
  it('is served once its names are accepted', async () => {
    const api = await running();
    await established(api, cronTabs());
    const crd = await crdOf(api, 'crontabs.stable.example.com');
    expect(conditionOf(crd, 'NamesAccepted')).toMatchObject({ status: 'True', reason: 'NoConflicts', message: 'no conflicts found' });
    expect(conditionOf(crd, 'Established')).toMatchObject({ status: 'True', reason: 'InitialNamesAccepted' });
    expect(crd.status?.acceptedNames).toEqual({
      plural: 'crontabs',
      singular: 'crontab',
      kind: 'CronTab',
      listKind: 'CronTabList',
      shortNames: ['ct'],
    });
    expect(crd.status?.storedVersions).toEqual(['v1']);
    expect(crd.spec.conversion).toEqual({ strategy: 'None' });
    const made = await send(api, 'create', { body: cr('a') });
    expect(made).toMatchObject({
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: { generation: 1 },
      spec: { replicas: 1 },
    });
    expect((await send(api, 'list')).items.map((item) => item.metadata?.name)).toEqual(['a']);
  });

  it('refuses objects that do not fit, in upstream’s words', async () => {
    const api = await running();
    await established(api, cronTabs());
    await expect(send(api, 'create', { body: cr('a', { cronSpec: 'never', image: 'i', replicas: 15 }) })).rejects.toMatchObject({
      code: 422,
      message: expect.stringContaining('spec.replicas: Invalid value: 15: spec.replicas in body should be less than or equal to 10'),
    });
    await expect(send(api, 'create', { body: cr('a', { image: 1 }) })).rejects.toMatchObject({
      message: expect.stringContaining('spec.image: Invalid value: "integer": spec.image in body must be of type string: "integer"'),
    });
  });

  it('loses a name that another of its group has, and gets it when that one is gone', async () => {
    const api = await running();
    await established(api, cronTabs());
    const other = cronTabs({
      plural: 'crontabbers',
      singular: 'crontabber',
      kind: 'CronTabber',
      listKind: 'CronTabberList',
      shortNames: ['ct'],
    });
    await api.call('create', CRDS, { body: other });
    await until(api, async () => conditionOf(await crdOf(api, 'crontabbers.stable.example.com'), 'NamesAccepted')?.status === 'False');
    const crd = await crdOf(api, 'crontabbers.stable.example.com');
    expect(conditionOf(crd, 'NamesAccepted')).toMatchObject({ reason: 'ShortNamesConflict', message: '"ct" is already in use' });
    expect(conditionOf(crd, 'Established')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    await api.call('delete', CRDS, { name: 'crontabs.stable.example.com' });
    await until(api, async () => conditionOf(await crdOf(api, 'crontabbers.stable.example.com'), 'Established')?.status === 'True');
  });

  it('takes its instances along when it goes, their finalizers honoured', async () => {
    const api = await running();
    await established(api, cronTabs());
    await send(api, 'create', { body: { ...cr('held'), metadata: { name: 'held', finalizers: ['example.com/wait'] } } });
    await send(api, 'create', { body: cr('free') });
    await api.call('delete', CRDS, { name: 'crontabs.stable.example.com' });
    await until(api, async () => (await send(api, 'list')).items.length === 1);
    const crd = await crdOf(api, 'crontabs.stable.example.com');
    expect(crd.metadata?.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    expect(conditionOf(crd, 'Terminating')).toMatchObject({ status: 'True' });
    await expect(send(api, 'create', { body: cr('late') })).rejects.toMatchObject({
      code: 403,
      message: 'crontabs.stable.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    });
    const held = await send(api, 'get', { name: 'held' });
    await send(api, 'update', { name: 'held', body: { ...held, metadata: { ...held.metadata, finalizers: [] } } });
    await until(api, async () => (await api.list(CRDS)).items.length === 0);
    await expect(send(api, 'list')).rejects.toMatchObject({ code: 404 });
  });

  it('changes what is served at once', async () => {
    const api = await running();
    await established(api, cronTabs());
    await send(api, 'create', { body: cr('a') });
    const crd = structuredClone(await crdOf(api, 'crontabs.stable.example.com'));
    const [v1] = crd.spec.versions;
    const spec = v1?.schema?.openAPIV3Schema?.properties?.spec;
    if (!v1 || !spec?.properties) throw new Error('no schema');
    spec.properties.color = { type: 'string', default: 'blue' };
    crd.spec.versions.push({ ...structuredClone(v1), name: 'v2', storage: false });
    await api.call('update', CRDS, { name: crd.metadata?.name, body: crd });
    await until(api, () => api.resources.definitions.find('stable.example.com', 'v2', 'crontabs') !== undefined);
    expect(await send(api, 'get', { name: 'a' }, 'v2')).toMatchObject({ apiVersion: 'stable.example.com/v2', spec: { color: 'blue' } });
    const made = await send(api, 'create', { body: cr('b', { cronSpec: '* * * * *', image: 'i', color: 'red' }) }, 'v2');
    expect(made.apiVersion).toBe('stable.example.com/v2');
    expect(await send(api, 'get', { name: 'b' })).toMatchObject({ apiVersion: 'stable.example.com/v1', spec: { color: 'red' } });
  });

  it('is read by the schema of the version that was stored, and shows no more than the one that is asked for', async () => {
    const api = await running();
    const crd = cronTabs();
    const [v1] = crd.spec.versions;
    const inVersion = (name: string, properties: Record<string, JSONSchemaProps>) => ({
      ...structuredClone(v1),
      name,
      served: true,
      storage: name === 'v1',
      schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } },
    });
    const text: JSONSchemaProps = { type: 'string' };
    crd.spec.versions = [
      inVersion('v1', { both: text, first: text, given: { ...text, default: 'v1' } }),
      inVersion('v2', { both: text, second: text, given: { ...text, default: 'v2' }, late: { ...text, default: 'v2' } }),
    ];
    await established(api, crd);
    const sent = { both: 'x', first: 'x', second: 'x' };
    const specs = async (name: string) => [(await send(api, 'get', { name })).spec, (await send(api, 'get', { name }, 'v2')).spec];
    await send(api, 'create', { body: cr('a', sent) });
    expect(await specs('a')).toEqual([
      { both: 'x', first: 'x', given: 'v1' },
      { both: 'x', given: 'v1' },
    ]);
    expect((await send(api, 'create', { body: cr('b', sent) }, 'v2')).spec).toEqual({ both: 'x', given: 'v2' });
    expect(await specs('b')).toEqual([
      { both: 'x', given: 'v2' },
      { both: 'x', given: 'v2' },
    ]);
  });

  it('loses nulls that its schema does not allow, unless they are applied', async () => {
    const api = await running();
    await established(api, cronTabs());
    const spec = { cronSpec: null, image: 'i' };
    expect((await send(api, 'create', { body: cr('a', spec) })).spec).toEqual({ image: 'i', replicas: 1 });
    const body = { apiVersion: 'stable.example.com/v1', kind: 'CronTab', metadata: { name: 'b' }, spec };
    const applied = send(api, 'patch', { name: 'b', patchType: 'apply', body, options: { fieldManager: 'me' } });
    await expect(applied).rejects.toMatchObject({ details: { causes: [{ field: 'spec.cronSpec', reason: 'FieldValueTypeInvalid' }] } });
  });

  it('watches end when the schema changes, and when the definition goes', async () => {
    const api = await running();
    await established(api, cronTabs());
    const seen: string[] = [];
    const watch = async () => {
      const request = { verb: 'watch', group: 'stable.example.com', version: 'v1', resource: 'crontabs', ...inDefault } as const;
      for await (const event of api.transport.watch(request, { signal: new AbortController().signal })) seen.push(event.type);
    };
    const watching = watch();
    await send(api, 'create', { body: cr('a') });
    await until(api, () => seen.length === 1);
    await api.call('delete', CRDS, { name: 'crontabs.stable.example.com' });
    await watching;
    expect(seen).toEqual(['ADDED', 'DELETED']);
  });

  it('is not served until the certificates of its conversion webhook can be read, and keeps those that can', async () => {
    const api = await running();
    const crd = cronTabs();
    const withBundle = (caBundle: string): CustomResourceDefinition => {
      const clientConfig = { url: 'https://webhook.example.com/convert', caBundle };
      return {
        ...crd,
        spec: { ...crd.spec, conversion: { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: ['v1'] } } },
      };
    };
    await api.call('create', CRDS, { body: withBundle('Cg==') });
    const name = 'crontabs.stable.example.com';
    await until(api, async () => conditionOf(await crdOf(api, name), 'Established')?.reason === 'InvalidCABundle');
    const valid = Buffer.from(TEST_CERT).toString('base64');
    const update = async (caBundle: string) => {
      const { metadata } = await crdOf(api, name);
      return api.call('update', CRDS, { name, body: { ...withBundle(caBundle), metadata } });
    };
    await update(valid);
    await until(api, async () => conditionOf(await crdOf(api, name), 'Established')?.status === 'True');
    await expect(update('Cg==')).rejects.toMatchObject({
      code: 422,
      message: `CustomResourceDefinition.apiextensions.k8s.io "${name}" is invalid: spec.conversion.webhookClientConfig.caBundle: Invalid value: []byte{0xa}: unable to load root certificates: unable to parse bytes as PEM block`,
    });
  });

  it('has a status that is read, updated and patched on its own', async () => {
    const api = await running();
    await established(api, cronTabs());
    const status = { name: 'crontabs.stable.example.com', subresource: 'status' };
    const is = await api.call<CustomResourceDefinition>('get', CRDS, status);
    expect(conditionOf(is, 'Established')).toMatchObject({ status: 'True' });
    const told = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    const spec = { ...is.spec, preserveUnknownFields: true };
    const conditions = [...(is.status?.conditions ?? []), told];
    const body = { ...is, spec, status: { ...is.status, conditions } };
    const updated = await api.call<CustomResourceDefinition>('update', CRDS, { ...status, body });
    expect(conditionOf(updated, 'StatusUpdate')).toMatchObject(told);
    expect(updated.spec).toEqual(is.spec);
    const patch = { metadata: { annotations: { a: 'b' } }, status: { conditions: [...conditions, { ...told, type: 'StatusPatched' }] } };
    const patched = await api.call<CustomResourceDefinition>('patch', CRDS, { ...status, patchType: 'merge', body: patch });
    expect(patched.metadata?.annotations).toEqual({ a: 'b' });
    expect(conditionOf(patched, 'StatusPatched')).toMatchObject({ status: 'True' });
    expect(conditionOf(patched, 'Established')).toMatchObject({ status: 'True' });
  });

  it('is served again by a server that starts on the same store', async () => {
    const store = await openStore({ url: 'memory:', clock: fakeClock(), log: silentLogger });
    const first = await running({ store });
    await established(first, cronTabs());
    await send(first, 'create', { body: cr('a') });
    const second = await fakeApi({ store });
    expect((await send(second, 'list')).items).toHaveLength(1);
    await store.close();
  });
});

describe('a custom resource', () => {
  it('loses unknown fields, or is refused for them', async () => {
    const api = await running();
    await established(api, cronTabs());
    const body = cr('a', { cronSpec: '* * * * *', image: 'i', extra: 1 });
    expect((await send(api, 'create', { body })).spec).toEqual({ cronSpec: '* * * * *', image: 'i', replicas: 1 });
    await expect(
      send(api, 'create', { body: { ...body, metadata: { name: 'b' } }, options: { fieldValidation: 'Strict' } }),
    ).rejects.toMatchObject({
      code: 400,
      message: 'CronTab in version "v1" cannot be handled as a CronTab: strict decoding error: unknown field "spec.extra"',
    });
  });

  it('is refused as another kind, and a patch is at fault for what it leaves unreadable', async () => {
    const api = await running();
    await established(api, cronTabs());
    await expect(send(api, 'create', { body: { ...cr('a'), kind: 'Other' } })).rejects.toMatchObject({
      code: 422,
      message: 'Other.stable.example.com "a" is invalid: kind: Invalid value: "Other": must be CronTab',
    });
    await expect(send(api, 'create', { body: { ...cr('a'), apiVersion: '' } })).rejects.toMatchObject({
      code: 400,
      message: 'the API version in the data () does not match the expected API version (stable.example.com/v1)',
    });
    await expect(send(api, 'create', { body: { kind: '' } })).rejects.toMatchObject({
      code: 400,
      message: `the object provided is unrecognized (must be of type CronTab): Object 'Kind' is missing in '{"apiVersion":"stable.example.com/v1","kind":""}' ({"apiVersion":"stable.example. ...)`,
    });
    await expect(send(api, 'create', { body: { metadata: { name: 5 } } as never })).rejects.toMatchObject({
      code: 400,
      message:
        'CronTab in version "v1" cannot be handled as a CronTab: json: cannot unmarshal number into Go struct field ObjectMeta.name of type string',
    });
    await expect(send(api, 'create', { body: { ...cr('a'), apiVersion: 'stable.example.com/v9' } })).rejects.toMatchObject({
      code: 400,
      message: 'the API version in the data (stable.example.com/v9) does not match the expected API version (stable.example.com/v1)',
    });
    await send(api, 'create', { body: cr('a') });
    const patch = { name: 'a', patchType: 'merge', body: { spec: { extra: 1 } }, options: { fieldValidation: 'Strict' } } as const;
    await expect(send(api, 'patch', patch)).rejects.toMatchObject({
      code: 422,
      message: expect.stringMatching(/^ "" is invalid: patch: Invalid value: ".*": strict decoding error: unknown field "spec.extra"$/),
    });
  });

  it('keeps status and content apart', async () => {
    const api = await running();
    await established(api, cronTabs());
    const made = await send(api, 'create', { body: { ...cr('a'), status: { replicas: 5 } } });
    expect(made.status).toBeUndefined();
    const body = {
      ...made,
      spec: { ...made.spec, image: 'other' },
      metadata: { ...made.metadata, labels: { a: 'b' } },
      status: { replicas: 2 },
    };
    const told = await send(api, 'update', { name: 'a', subresource: 'status', body });
    expect(told).toMatchObject({ status: { replicas: 2 }, spec: { image: 'i' }, metadata: { generation: 1 } });
    expect(told.metadata?.labels).toBeUndefined();
    const changed = await send(api, 'update', { name: 'a', body: { ...told, spec: { ...told.spec, image: 'x' }, status: {} } });
    expect(changed).toMatchObject({ status: { replicas: 2 }, metadata: { generation: 2 } });
  });

  it('scales', async () => {
    const api = await running();
    await established(api, cronTabs());
    await send(api, 'create', { body: cr('a') });
    const scale = await send(api, 'get', { name: 'a', subresource: 'scale' });
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { replicas: 0 } });
    await send(api, 'patch', { name: 'a', subresource: 'scale', patchType: 'merge', body: { spec: { replicas: 3 } } });
    expect((await send(api, 'get', { name: 'a' })).spec).toMatchObject({ replicas: 3 });
    const { managedFields } = (await send(api, 'get', { name: 'a' })).metadata ?? {};
    expect(JSON.stringify(managedFields)).not.toContain('f:replicas');
    const negative = { name: 'a', subresource: 'scale', patchType: 'merge', body: { spec: { replicas: -1 } } } as const;
    await expect(send(api, 'patch', negative)).rejects.toMatchObject({
      code: 422,
      message:
        'CronTab.stable.example.com "a" is invalid: [spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 1, .spec.replicas: Invalid value: -1: should be a non-negative integer]',
    });
  });

  it('scales without a selector when it has none', async () => {
    const api = await running();
    const crd = cronTabs();
    for (const { subresources } of crd.spec.versions) delete subresources?.scale?.labelSelectorPath;
    await established(api, crd);
    await send(api, 'create', { body: cr('a') });
    expect(await send(api, 'get', { name: 'a', subresource: 'scale' })).toMatchObject({ status: { replicas: 0 } });
    expect(await send(api, 'get', { name: 'a', subresource: 'scale' })).not.toHaveProperty('status.selector');
  });

  it('scales from nothing only when it is told how many', async () => {
    const api = await running();
    const crd = cronTabs();
    for (const { subresources } of crd.spec.versions) if (subresources?.scale) subresources.scale.specReplicasPath = '.spec.count';
    for (const { schema } of crd.spec.versions)
      Object.assign(schema?.openAPIV3Schema?.properties?.spec?.properties ?? {}, { count: { type: 'integer' } });
    await established(api, crd);
    await send(api, 'create', { body: cr('a') });
    const at = { name: 'a', subresource: 'scale' };
    await expect(send(api, 'get', at)).rejects.toMatchObject({
      code: 500,
      message: 'Internal error occurred: the spec replicas field ".spec.count" does not exist',
    });
    const patch = { ...at, patchType: 'merge' } as const;
    await expect(send(api, 'patch', { ...patch, body: { metadata: { labels: { a: 'b' } } } })).rejects.toMatchObject({
      code: 400,
      message: 'the spec replicas field ".spec.count" cannot be empty',
    });
    expect(await send(api, 'patch', { ...patch, body: { spec: { replicas: 2 } } })).toMatchObject({ spec: { replicas: 2 } });
    expect(await send(api, 'get', { name: 'a' })).toMatchObject({ spec: { count: 2 } });
  });

  it('cannot be patched strategically', async () => {
    const api = await running();
    await established(api, cronTabs());
    await send(api, 'create', { body: cr('a') });
    await expect(send(api, 'patch', { name: 'a', patchType: 'strategic', body: { spec: {} } })).rejects.toMatchObject({
      code: 415,
      reason: 'UnsupportedMediaType',
    });
    const merged = await send(api, 'patch', { name: 'a', patchType: 'merge', body: { spec: { image: 'm' } } });
    expect(merged.spec).toMatchObject({ image: 'm' });
  });

  it('must be updated on a version', async () => {
    const api = await running();
    await established(api, cronTabs());
    await send(api, 'create', { body: cr('a') });
    await expect(send(api, 'update', { name: 'a', body: cr('a') })).rejects.toMatchObject({
      message: expect.stringContaining('metadata.resourceVersion: Invalid value: 0: must be specified for an update'),
    });
  });

  it('is selected by the fields that the definition names', async () => {
    const api = await running();
    const crd = cronTabs();
    const [version] = crd.spec.versions;
    if (version) version.selectableFields = [{ jsonPath: '.spec.image' }];
    await established(api, crd);
    await send(api, 'create', { body: cr('a', { cronSpec: '* * * * *', image: 'one' }) });
    await send(api, 'create', { body: cr('b', { cronSpec: '* * * * *', image: 'two' }) });
    const list = await send(api, 'list', { options: { fieldSelector: 'spec.image=two' } });
    expect(list.items.map((item) => item.metadata?.name)).toEqual(['b']);
    await expect(send(api, 'list', { options: { fieldSelector: 'spec.cronSpec=x' } })).rejects.toMatchObject({
      message: expect.stringContaining('field label not supported: spec.cronSpec'),
    });
  });
});
