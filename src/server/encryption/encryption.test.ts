import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { storeConformance } from '../../store/conformance.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/store.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { planEncryption } from './configuration-plan.ts';
import { encryptedStore } from './encrypted-store.ts';
import { providersOf } from './providers.ts';
import { transformersOf } from './transformer.ts';

const secretOf = (bytes: number) => randomBytes(bytes).toString('base64');
const KEY1 = { name: 'key1', secret: secretOf(32) };
const KEY2 = { name: 'key2', secret: secretOf(32) };
const plan = (providers: object[], resources = ['secrets']) =>
  planEncryption({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: [{ resources, providers }] });
const IDENTITY = { identity: {} };
const key = '/registry/core/secrets/default/a';

storeConformance('encrypted', async () => ({
  durable: false,
  open: async () =>
    encryptedStore(
      await openStore({ url: 'memory:', clock: systemClock, log: silentLogger }),
      plan([{ aescbc: { keys: [KEY1] } }], ['*.*']),
    ),
  remove: async () => {},
}));

describe('providers', () => {
  it.each(['aescbc', 'aesgcm', 'secretbox'] as const)(
    '%s opens what it sealed, and nothing that was changed unless it cannot know',
    (kind) => {
      const [provider] = providersOf({ kind, keys: [{ name: 'k', secret: randomBytes(32) }] });
      if (!provider) throw new Error('no provider');
      expect(provider.prefix.toString()).toBe(`k8s:enc:${kind}:v1:k:`);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (value, at) => {
          const sealed = Buffer.from(provider.seal(value, key));
          expect(Buffer.from(provider.open(sealed, key).value)).toEqual(Buffer.from(value));
          if (kind === 'aescbc') return;
          sealed[at % sealed.length] = (sealed[at % sealed.length] ?? 0) ^ 1;
          expect(() => provider.open(sealed, key)).toThrow('message authentication failed');
        }),
      );
    },
  );

  it('keep the layouts of upstream', () => {
    const secret = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
    const sizes = (['aescbc', 'aesgcm', 'secretbox'] as const).map(
      (kind) => providersOf({ kind, keys: [{ name: 'k', secret }] })[0]?.seal(Buffer.alloc(16), key).length,
    );
    // IV and a whole block of padding; nonce and tag; nonce and tag.
    expect(sizes).toEqual([16 + 32, 12 + 16 + 16, 24 + 16 + 16]);
    // NaCl's own test vector (tests/secretbox.c): the key, the nonce, and the tag before the ciphertext.
    const box = Buffer.from(
      '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37' +
        'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
      'hex',
    );
    const naclKey = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex');
    const opened = providersOf({ kind: 'secretbox', keys: [{ name: 'k', secret: naclKey }] })[0]?.open(box, key).value;
    expect(Buffer.from(opened ?? []).toString('hex')).toMatch(/^be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc/);
  });

  it('bind aesgcm values to the key that they are stored under', () => {
    const [gcm] = providersOf({ kind: 'aesgcm', keys: [{ name: 'k', secret: randomBytes(16) }] });
    const sealed = gcm?.seal(Buffer.from('x'), key) ?? Buffer.alloc(0);
    expect(() => gcm?.open(sealed, `${key}b`)).toThrow('cipher: message authentication failed');
  });
});

describe('transformers', () => {
  const transformer = (providers: object[]) => transformersOf(plan(providers))('', 'secrets');

  it('write with the first provider, read with all, and call stale what another wrote', () => {
    const before = transformer([{ aescbc: { keys: [KEY1] } }, IDENTITY]);
    const after = transformer([{ secretbox: { keys: [KEY2] } }, { aescbc: { keys: [KEY1] } }, IDENTITY]);
    const value = Buffer.from('{"a":1}');
    const old = before?.toStored(value, key) ?? value;
    expect(Buffer.from(old).toString('latin1')).toMatch(/^k8s:enc:aescbc:v1:key1:/);
    const isStale = (stored: Uint8Array) => {
      const read = after?.fromStored(stored, key);
      expect(Buffer.from(read?.value ?? [])).toEqual(value);
      return read?.form !== after?.form();
    };
    expect([old, value].map(isStale)).toEqual([true, true]);
    expect(isStale(after?.toStored(value, key) ?? value)).toBe(false);
  });

  it('try every key of a name, and say in upstream’s words what is missing', () => {
    const other = { name: 'key1', secret: secretOf(32) };
    const sealed = transformer([{ aesgcm: { keys: [KEY1] } }])?.toStored(Buffer.from('{}'), key) ?? Buffer.alloc(0);
    const both = transformer([{ aesgcm: { keys: [other, KEY1] } }]);
    expect(both?.fromStored(sealed, key).form, 'it is the second key').not.toBe(both?.form());
    const reading = (providers: object[]) => () => transformer(providers)?.fromStored(sealed, key);
    expect(reading([{ aesgcm: { keys: [KEY2] } }])).toThrow('no matching key was found for the provided AES transformer');
    expect(reading([{ aesgcm: { keys: [other] } }])).toThrow('cipher: message authentication failed');
    expect(reading([IDENTITY])).toThrow('no matching prefix found');
  });

  it('of several rules for one resource read with the providers of all', () => {
    const [mine, yours] = [{ aesgcm: { keys: [KEY1] } }, { secretbox: { keys: [KEY2] } }];
    const two = (...lists: object[][]) =>
      transformersOf(
        planEncryption({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'EncryptionConfiguration',
          resources: lists.map((providers) => ({ resources: ['secrets'], providers })),
        }),
      )('', 'secrets');
    const sealed = two([yours])?.toStored(Buffer.from('{}'), key) ?? Buffer.alloc(0);
    expect(Buffer.from(two([mine], [yours])?.fromStored(sealed, key).value ?? []).toString()).toBe('{}');
  });

  it('serve the resources that the first rule names', () => {
    const covers = (resources: string[]) => (group: string, resource: string) =>
      transformersOf(plan([IDENTITY], resources))(group, resource) !== undefined;
    expect(covers(['secrets'])('', 'secrets')).toBe(true);
    expect(covers(['secrets'])('apps', 'secrets')).toBe(false);
    expect(covers(['*.apps'])('apps', 'deployments')).toBe(true);
    expect(covers(['*.apps'])('', 'secrets')).toBe(false);
    expect(covers(['*.'])('', 'configmaps')).toBe(true);
    expect(covers(['*.*'])('batch', 'jobs')).toBe(true);
  });
});

describe('the configuration', () => {
  const reading = (rule: object) => () =>
    planEncryption({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: [rule] });
  const keys = (secret: string) => ({ resources: ['secrets'], providers: [{ aescbc: { keys: [{ name: 'k', secret }] } }] });

  it('is refused in upstream’s words, without its secrets', () => {
    expect(() => planEncryption({ kind: 'Pod' })).toThrow('it must be an EncryptionConfiguration of apiserver.config.k8s.io/v1');
    expect(reading({ resources: ['secrets'], providers: [] })).toThrow(
      'resources[0].providers: Required value: at least one resources[0].providers is required',
    );
    expect(reading(keys(secretOf(31)))).toThrow(
      'resources[0].providers[0].aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 31, expected one of [16 24 32]',
    );
    expect(reading(keys('no base64!'))).toThrow('secrets must be base64 encoded');
    expect(reading({ resources: ['*'], providers: [IDENTITY] })).toThrow("use '*.' to encrypt all");
    expect(reading({ resources: ['secrets', '*.'], providers: [IDENTITY] })).toThrow('using overlapping resources');
    expect(reading({ resources: ['*.*', 'deployments.apps'], providers: [IDENTITY] })).toThrow('using overlapping resources');
    const rules =
      (...lists: string[][]) =>
      () =>
        planEncryption({
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'EncryptionConfiguration',
          resources: lists.map((resources) => ({ resources, providers: [IDENTITY] })),
        });
    expect(rules(['*.'], ['secrets'])).toThrow('resource "secrets" is masked by earlier rule "*."');
    expect(rules(['*.*'], ['deployments.apps'])).toThrow('resource "deployments.apps" is masked by earlier rule "*.*"');
    expect(rules(['deployments.apps'], ['*.apps'], ['*.*'])).not.toThrow();
    expect(reading({ resources: ['secrets'], providers: [{ ...IDENTITY, aescbc: {} }] })).toThrow('more than one provider specified');
    expect(reading({ resources: ['secrets'], provider: [] })).toThrow('resources[0].provider: unknown field');
  });
});

describe('a KMS in the configuration', () => {
  const kms = { apiVersion: 'v2', name: 'vault', endpoint: 'unix:///run/kms.sock' };
  const read = (...providers: object[]) => plan(providers.map((provider) => ({ kms: provider })));

  it('has three seconds to answer, unless it says otherwise', () => {
    expect(read(kms).rules[0]?.providers).toEqual([{ kind: 'kms', name: 'vault', endpoint: 'unix:///run/kms.sock', timeoutMs: 3000 }]);
    expect(read({ ...kms, timeout: '1m' }).rules[0]?.providers).toMatchObject([{ timeoutMs: 60_000 }]);
  });

  it.each([
    [{ ...kms, apiVersion: undefined }, 'kms.apiVersion: Invalid value: "v1": KMSv1 is deprecated'],
    [{ ...kms, apiVersion: 'v3' }, 'only v1 and v2 are supported'],
    [{ ...kms, name: undefined }, 'kms.name: Required value: name is a mandatory field for a provider'],
    [{ ...kms, name: 'a:b' }, "invalid KMS provider name a:b, must not contain ':'"],
    [{ ...kms, endpoint: undefined }, 'endpoint is a mandatory field for a kms'],
    [{ ...kms, endpoint: 'https://kms' }, 'unsupported scheme "https" for KMS provider, only unix is supported'],
    [{ ...kms, timeout: '0s' }, 'timeout should be a positive value'],
    [{ ...kms, cachesize: 10 }, 'cachesize is not supported in v2'],
    [{ ...kms, cacheSize: 10 }, 'kms.cacheSize: unknown field'],
  ])('is refused in upstream’s words: %j', (body, message) => {
    expect(() => read(body)).toThrow(message);
  });

  it('has a name of its own', () => {
    expect(() => read(kms, kms)).toThrow('resources[0].providers[1].kms.name: Invalid value: "vault": duplicate KMS provider name vault');
  });
});

describe('an API over an encrypted store', () => {
  const directories: string[] = [];
  const stores: Store[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
  });

  async function newDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'minik-encryption-'));
    directories.push(directory);
    return directory;
  }

  async function openAt(directory: string, providers: object[] | undefined): Promise<{ api: FakeApi; store: Store }> {
    const url = `sqlite://${directory}/state.db`;
    const below = await openStore({ url, clock: systemClock, log: silentLogger, eraseDeleted: providers !== undefined });
    const store = providers ? encryptedStore(below, plan(providers)) : below;
    stores.push(store);
    return { api: await fakeApi({ store }), store };
  }

  async function closed(store: Store): Promise<void> {
    await store.close();
    stores.splice(stores.indexOf(store), 1);
  }

  /** Everything that lies in the directory: the file, its log, whatever else SQLite makes. */
  async function diskHolds(directory: string, text: string): Promise<boolean> {
    const files = await Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name))));
    return files.some((bytes) => bytes.includes(text));
  }

  const secret = (name: string, value: string) => ({ namespace: 'default', body: { metadata: { name }, stringData: { password: value } } });
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  const PLAIN = 'correct horse battery staple';

  it('keeps no plain text on disk, in the file or in its log', async () => {
    const directory = await newDirectory();
    const { api, store } = await openAt(directory, [{ secretbox: { keys: [KEY1] } }, IDENTITY]);
    await api.call('create', 'secrets', secret('a', PLAIN));
    await api.call('create', 'configmaps', {
      namespace: 'default',
      body: { metadata: { name: 'open' }, data: { text: 'everybody may see' } },
    });
    expect(await diskHolds(directory, 'k8s:enc:secretbox:v1:key1:')).toBe(true);
    expect(await diskHolds(directory, encoded(PLAIN))).toBe(false);
    expect(await diskHolds(directory, 'everybody may see')).toBe(true);
    await closed(store);
    expect(await diskHolds(directory, encoded(PLAIN))).toBe(false);
    const again = await openAt(directory, [{ secretbox: { keys: [KEY1] } }]);
    expect(await again.api.call('get', 'secrets', { namespace: 'default', name: 'a' })).toMatchObject({
      data: { password: encoded(PLAIN) },
    });
  });

  it('encrypts what was plain when it is replaced by itself, and leaves no trace of it', async () => {
    const directory = await newDirectory();
    const before = await openAt(directory, undefined);
    await before.api.call('create', 'secrets', secret('a', PLAIN));
    await before.api.call('create', 'secrets', secret('gone', `${PLAIN} too`));
    await before.api.call('delete', 'secrets', { namespace: 'default', name: 'gone' });
    await closed(before.store);
    expect(await diskHolds(directory, encoded(PLAIN))).toBe(true);
    const after = await openAt(directory, [{ aescbc: { keys: [KEY1] } }, IDENTITY]);
    const replace = async () => {
      const body = await after.api.call('get', 'secrets', { namespace: 'default', name: 'a' });
      return after.api.call('update', 'secrets', { namespace: 'default', name: 'a', body });
    };
    const first = await replace();
    const second = await replace();
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    await closed(after.store);
    expect(await diskHolds(directory, 'k8s:enc:aescbc:v1:key1:')).toBe(true);
    expect(await diskHolds(directory, encoded(PLAIN).slice(0, 24))).toBe(false);
  });

  it('answers 500 for an object whose key is lost, and serves all others', async () => {
    const directory = await newDirectory();
    const before = await openAt(directory, [{ aesgcm: { keys: [KEY1] } }]);
    await before.api.call('create', 'secrets', secret('lost', PLAIN));
    await closed(before.store);
    const between = await openAt(directory, [{ aesgcm: { keys: [KEY2] } }]);
    await between.api.call('create', 'secrets', secret('kept', PLAIN));
    const message =
      'Internal error occurred: unable to transform key "/registry/core/secrets/default/lost": no matching key was found for the provided AES transformer';
    await expect(between.api.call('get', 'secrets', { namespace: 'default', name: 'lost' })).rejects.toMatchObject({ code: 500, message });
    await expect(between.api.list('secrets')).rejects.toMatchObject({ code: 500, message });
    await expect(between.api.call('delete', 'secrets', { namespace: 'default', name: 'lost' })).rejects.toMatchObject({
      code: 500,
      message,
    });
    await expect(between.api.call('create', 'secrets', secret('lost', 'x'))).rejects.toMatchObject({ reason: 'AlreadyExists' });
    expect(await between.api.call('get', 'secrets', { namespace: 'default', name: 'kept' })).toMatchObject({ kind: 'Secret' });
    await closed(between.store);
    const after = await openAt(directory, [{ aesgcm: { keys: [KEY2, KEY1] } }]);
    expect((await after.api.list('secrets')).items.map(({ metadata }) => metadata?.name)).toEqual(['kept', 'lost']);
  });
});
