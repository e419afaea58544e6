import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../base/clock.ts';
import { fakeClock } from '../../../base/fake-clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { memoryStore } from '../../../store/memory/memory-store.ts';
import { fakeApi } from '../../fake-api.ts';
import { planEncryption } from '../configuration-plan.ts';
import { encryptedStore } from '../encrypted-store.ts';
import { type FakeKms, fakeKms } from './fake-kms.ts';
import { type KmsHandlers, serveKms } from './fake-plugin.ts';
import { kmsClient } from './kms-client.ts';
import { openKms } from './kms-plugins.ts';

const plan = (endpoint = 'unix:///run/kms.sock', timeout = '3s') =>
  planEncryption({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers: [{ kms: { apiVersion: 'v2', name: 'vault', endpoint, timeout } }, { identity: {} }] }],
  });

const secret = (name: string) => ({ namespace: 'default', body: { metadata: { name }, stringData: { a: 'b' } } });

describe('an API whose secrets a KMS protects', () => {
  async function openApi(kms: FakeKms, below = memoryStore()) {
    const clock = fakeClock();
    const plugins = await openKms(plan(), { clock, log: silentLogger, newUid: () => 'uid', connect: () => kms });
    if (!plugins) throw new Error('the plan has no KMS');
    const store = encryptedStore(below, plan(), plugins.providers);
    const stop = new AbortController();
    const run = plugins.component(store).run({ signal: stop.signal, ready() {} });
    const end = async () => {
      stop.abort();
      await run;
    };
    return { api: await fakeApi({ store }), below, clock, plugins, end };
  }

  const stored = async (below: ReturnType<typeof memoryStore>, name: string) =>
    Buffer.from((await below.get(`/registry/core/secrets/default/${name}`))?.value ?? []).toString('latin1');

  it('writes what is replaced by itself again when the KMS has a new key, and only then', async () => {
    const kms = fakeKms();
    const { api, below, clock, end } = await openApi(kms);
    await api.call('create', 'secrets', secret('a'));
    expect(await stored(below, 'a')).toMatch(/^k8s:enc:kms:v2:vault:.*key-1/s);
    const replace = async () => {
      const body = await api.call('get', 'secrets', { namespace: 'default', name: 'a' });
      return (await api.call('update', 'secrets', { namespace: 'default', name: 'a', body })).metadata?.resourceVersion;
    };
    const first = await replace();
    kms.keyId = 'key-2';
    expect(await replace()).toBe(first);
    await clock.advance(60_000);
    expect(Number(await replace())).toBeGreaterThan(Number(first));
    expect(await stored(below, 'a')).toMatch(/key-2/);
    await end();
  });

  it('starts without the KMS, says so in its health, answers 500 for what it cannot read, and reads it once the KMS is there', async () => {
    const kms = fakeKms();
    const before = await openApi(kms);
    await before.api.call('create', 'secrets', secret('a'));
    await before.end();
    kms.isDown = true;
    const { api, clock, plugins, end } = await openApi(kms, before.below);
    await expect(plugins.check.check()).rejects.toThrow('kms-provider-0: failed to perform status section');
    const get = () => api.call('get', 'secrets', { namespace: 'default', name: 'a' });
    await expect(get()).rejects.toMatchObject({ code: 500, message: expect.stringContaining('failed to decrypt DEK') });
    await expect(api.call('create', 'secrets', secret('b'))).rejects.toMatchObject({ code: 500 });
    kms.isDown = false;
    await clock.advance(10_000);
    expect(await get()).toMatchObject({ data: { a: 'Yg==' } });
    await api.call('create', 'secrets', secret('b'));
    await plugins.check.check();
    await end();
  });
});

describe('a KMS plugin on a socket', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function plugin(handlers: KmsHandlers): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'minik-kms-'));
    const path = join(directory, 'kms.sock');
    const stop = await serveKms(path, handlers);
    closing.push(async () => {
      stop();
      await rm(directory, { recursive: true });
    });
    return `unix://${path}`;
  }

  it('is asked in upstream’s messages', async () => {
    const asked: Record<string, unknown>[] = [];
    const endpoint = await plugin({
      Status: () => ({ version: 'v2', healthz: 'ok', key_id: 'key-1' }),
      Encrypt(request) {
        asked.push(request);
        return { ciphertext: Buffer.from('sealed'), key_id: 'key-1', annotations: { 'a.example.com': Buffer.from([1]) } };
      },
      Decrypt(request) {
        asked.push(request);
        return { plaintext: Buffer.from('seed') };
      },
    });
    const client = kmsClient({ endpoint, timeoutMs: 10_000 }, systemClock);
    expect(await client.status()).toEqual({ version: 'v2', healthz: 'ok', keyId: 'key-1' });
    const key = await client.encrypt(Buffer.from('seed'), 'uid-1');
    expect(key).toMatchObject({ keyId: 'key-1', annotations: { 'a.example.com': Buffer.from([1]) } });
    expect(String(Buffer.from(await client.decrypt(key, 'uid-2')))).toBe('seed');
    expect(asked).toMatchObject([
      { plaintext: Buffer.from('seed'), uid: 'uid-1' },
      { ciphertext: Buffer.from('sealed'), uid: 'uid-2', key_id: 'key-1', annotations: { 'a.example.com': Buffer.from([1]) } },
    ]);
    client.close();
  });

  it('that does not answer in time, or is not there, is an error', async () => {
    const silent = await plugin({ Status: () => undefined, Encrypt: () => undefined, Decrypt: () => undefined });
    for (const endpoint of [silent, 'unix:///nowhere/kms.sock']) {
      const client = kmsClient({ endpoint, timeoutMs: 100 }, systemClock);
      await expect(client.status()).rejects.toThrow('rpc error: code = DeadlineExceeded');
      client.close();
    }
  });
});
