import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError } from '../../api/meta/status.ts';
import type { CustomResourceDefinition, StorageVersionMigration } from '../../api/schema/generated/types.ts';
import { createClient } from '../../client/client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { cronTabs } from '../../server/crd/fake-crds.ts';
import { planEncryption } from '../../server/encryption/configuration-plan.ts';
import { encryptedStore } from '../../server/encryption/encrypted-store.ts';
import { type FakeApi, fakeApi } from '../../server/fake-api.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { storageVersionMigrator } from './storage-version-migrator.ts';

const CRDS = 'customresourcedefinitions.apiextensions.k8s.io';
const TABS = 'crontabs.stable.example.com';
const MIGRATIONS = 'storageversionmigrations.storagemigration.k8s.io';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** The real registry on the given store, and the controller. `refuse`: asked before each of the controller's requests. */
async function start(store: Store, refuse: (verb: string, resource: string) => void = () => {}) {
  const api = await fakeApi({ store });
  const ready = Promise.withResolvers<void>();
  void api.customResources.run({ signal: stop.signal, ready: ready.resolve });
  await ready.promise;
  const client = createClient({
    async request(request, options) {
      refuse(request.verb, request.resource);
      return api.transport.request(request, options);
    },
    watch: api.transport.watch,
  });
  startControllers([storageVersionMigrator({ kinds: () => api.definitions.all })], { client, clock: api.clock, signal: stop.signal });
  return api;
}

async function until({ clock }: FakeApi, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await check()) return;
    await new Promise((resolve) => setImmediate(resolve));
    void clock.advance(100);
  }
  throw new Error('it did not become true');
}

const find = (api: FakeApi, name: string) => api.call<StorageVersionMigration>('get', MIGRATIONS, { name });
const conditionsOf = ({ status }: StorageVersionMigration) =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status: is, reason, message }) => [type, `${is} ${reason}: ${message}`]));

async function migrate(api: FakeApi, name: string, resource: { group: string; resource: string }): Promise<StorageVersionMigration> {
  await api.call('create', MIGRATIONS, { body: { metadata: { name }, spec: { resource } } });
  await until(api, async () => {
    const { Succeeded, Failed, Running } = conditionsOf(await find(api, name));
    return (Succeeded ?? Failed) !== undefined && !Running?.startsWith('True');
  });
  return find(api, name);
}

const stored = async (store: Store, prefix: string) =>
  (await store.list(prefix)).entries.map(({ value }) => Buffer.from(value).toString('latin1'));
const SUCCEEDED = {
  Running: 'False MigrationCompleted: Migration completed',
  Succeeded: 'True StorageVersionMigrationSucceeded: ',
};

/** CronTabs of two versions, stored in the one that is named. */
function twoVersions(storage: 'v1' | 'v2'): CustomResourceDefinition['spec']['versions'] {
  const [version] = cronTabs().spec.versions;
  if (!version) throw new Error('no version');
  return ['v1', 'v2'].map((name) => ({ ...structuredClone(version), name, storage: name === storage }));
}

describe('migration of a custom resource', () => {
  it('stores every object in the new version, and lets the definition forget the old one', async () => {
    const store = memoryStore();
    const api = await start(store);
    const crd = { ...cronTabs(), spec: { ...cronTabs().spec, versions: twoVersions('v1') } };
    await api.call('create', CRDS, { body: crd });
    await until(api, () => api.definitions.byId(TABS) !== undefined);
    const names = Array.from({ length: 12 }, (_, i) => `tab-${i}`);
    for (const name of names) {
      const body = { apiVersion: 'stable.example.com/v2', kind: 'CronTab', metadata: { name }, spec: { image: 'i' } };
      await api.call('create', TABS, { namespace: 'default', body: body as KubeObject });
    }
    const patch = { spec: { versions: twoVersions('v2') } };
    await api.call('patch', CRDS, { name: TABS, patchType: 'merge', body: patch });
    const prefix = '/registry/stable.example.com/crontabs/';
    expect((await stored(store, prefix)).every((text) => text.includes('"stable.example.com/v1"'))).toBe(true);
    const done = await migrate(api, 'tabs', { group: 'stable.example.com', resource: 'crontabs' });
    expect(conditionsOf(done)).toEqual(SUCCEEDED);
    expect(Number(done.status?.resourceVersion)).toBeGreaterThan(0);
    const after = await stored(store, prefix);
    expect(after).toHaveLength(names.length);
    expect(after.every((text) => text.includes('"apiVersion":"stable.example.com/v2"'))).toBe(true);
    const { status } = await api.call<CustomResourceDefinition>('get', CRDS, { name: TABS });
    expect(status?.storedVersions).toEqual(['v2']);
    expect(status?.conditions?.find(({ type }) => type === 'StorageMigrating')).toMatchObject({
      status: 'False',
      reason: 'MigrationSucceeded',
      message: 'The migration has succeeded and the stored versions have been updated',
    });
    const tab = await api.call<KubeObject & { spec: object }>('get', TABS, { namespace: 'default', name: 'tab-3' });
    expect(tab.metadata).toMatchObject({ generation: 1 });
    expect(tab.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(['test']);
    // A second one finds all as it should be, and changes nothing; the definition keeps its versions.
    await migrate(api, 'again', { group: 'stable.example.com', resource: 'crontabs' });
    expect(await stored(store, prefix)).toEqual(after);
    expect((await api.call<CustomResourceDefinition>('get', CRDS, { name: TABS })).status?.storedVersions).toEqual(['v2']);
  });
});

describe('migration of secrets', () => {
  const key = (name: string, fill: string) => ({ name, secret: Buffer.alloc(32, fill).toString('base64') });
  const under = (store: Store, ...keys: ReturnType<typeof key>[]) =>
    encryptedStore(
      store,
      planEncryption({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'EncryptionConfiguration',
        resources: [{ resources: ['secrets'], providers: [{ secretbox: { keys } }] }],
      }),
    );
  const secret = (name: string) => ({ namespace: 'default', body: { metadata: { name }, stringData: { password: 'x' } } });

  it('stores every secret under the first key', async () => {
    const disk = memoryStore();
    const before = await fakeApi({ store: under(disk, key('old', 'a')) });
    for (const name of ['a', 'b', 'c']) await before.call('create', 'secrets', secret(name));
    const api = await start(under(disk, key('new', 'b'), key('old', 'a')));
    await api.call('create', 'secrets', secret('d'));
    const prefixes = async () => (await stored(disk, '/registry/core/secrets/')).map((text) => text.split(':')[4]);
    expect(await prefixes()).toEqual(['old', 'old', 'old', 'new']);
    const untouched = await api.call('get', 'secrets', { namespace: 'default', name: 'd' });
    expect(conditionsOf(await migrate(api, 'secrets', { group: '', resource: 'secrets' }))).toEqual(SUCCEEDED);
    expect(await prefixes()).toEqual(['new', 'new', 'new', 'new']);
    expect(await api.call('get', 'secrets', { namespace: 'default', name: 'd' })).toEqual(untouched);
    // The old key may go.
    const later = await fakeApi({ store: under(disk, key('new', 'b')) });
    expect(await later.call('get', 'secrets', { namespace: 'default', name: 'b' })).toMatchObject({ data: { password: 'eA==' } });
  });
});

describe('a migration', () => {
  it('fails when there is no such resource a minute after it was made, or when it cannot be written', async () => {
    const api = await start(memoryStore());
    const unknown = await migrate(api, 'unknown', { group: 'nobody.example.com', resource: 'things' });
    expect(conditionsOf(unknown)).toEqual({
      Running: SUCCEEDED.Running,
      Failed: 'True StorageVersionMigrationFailed: resource does not exist in discovery',
    });
    expect(api.clock.now() - Date.parse(unknown.metadata?.creationTimestamp ?? '')).toBeGreaterThanOrEqual(60_000);
    expect(conditionsOf(await migrate(api, 'virtual', { group: '', resource: 'componentstatuses' })).Failed).toBe(
      'True StorageVersionMigrationFailed: resource "/v1, Resource=componentstatuses" does not support discovery operations: [update patch list]',
    );
  });

  it('waits for another one of its resource, and not for one of another', async () => {
    const api = await start(memoryStore());
    const running = (name: string) => async () => conditionsOf(await find(api, name)).Running?.startsWith('True') ?? false;
    const things = { group: 'nobody.example.com', resource: 'things' };
    await api.call('create', MIGRATIONS, { body: { metadata: { name: 'a' }, spec: { resource: things } } });
    await until(api, running('a'));
    await api.call('create', MIGRATIONS, { body: { metadata: { name: 'b' }, spec: { resource: things } } });
    await migrate(api, 'other', { group: '', resource: 'configmaps' });
    expect([await running('a')(), (await find(api, 'b')).status?.conditions]).toEqual([true, undefined]);
    await until(api, async () => conditionsOf(await find(api, 'b')).Running !== undefined);
    expect(conditionsOf(await find(api, 'a')).Failed).toBeDefined();
  });

  it('is tried again after a failure of the server, and says what else went wrong', async () => {
    let failures = 3;
    const api = await start(memoryStore(), (verb, resource) => {
      if (verb !== 'patch') return;
      if (resource === 'configmaps' && failures-- > 0) throw new ApiError('ServiceUnavailable', 'not now');
      if (resource === 'secrets') throw new ApiError('Forbidden', 'no');
    });
    await api.call('create', 'configmaps', { namespace: 'default', body: { metadata: { name: 'a' } } });
    await api.call('create', 'secrets', { namespace: 'default', body: { metadata: { name: 'a' } } });
    expect(conditionsOf(await migrate(api, 'retried', { group: '', resource: 'configmaps' }))).toEqual(SUCCEEDED);
    expect(failures).toBeLessThan(0);
    expect(conditionsOf(await migrate(api, 'refused', { group: '', resource: 'secrets' })).Failed).toBe(
      'True StorageVersionMigrationFailed: migration encountered unhandled error: no',
    );
  });
});
