import { describe, expect, it, vi } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { memoryStore } from '../../store/memory/memory-store.ts';
import { fakeApi } from '../fake-api.ts';
import { planEncryption } from './configuration-plan.ts';
import { encryptedStore } from './encrypted-store.ts';
import { followedEncryption } from './followed-encryption.ts';
import { type FakeKms, fakeKms } from './kms/fake-kms.ts';

const plan = (resources: readonly string[], ...providers: object[]) =>
  planEncryption({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration', resources: [{ resources, providers }] });
const box = (name: string, byte: number) => ({ secretbox: { keys: [{ name, secret: Buffer.alloc(32, byte).toString('base64') }] } });
const kmsNamed = (name: string) => ({ kms: { apiVersion: 'v2', name, endpoint: `unix:///run/${name}.sock` } });
const IDENTITY = { identity: {} };

async function open(first: ReturnType<typeof plan>, services: Record<string, FakeKms> = {}) {
  const clock = fakeClock();
  const below = memoryStore();
  const store = encryptedStore(below, first);
  const connect = ({ name }: { name: string }) => services[name] as FakeKms;
  const followed = followedEncryption(store, undefined, { clock, log: silentLogger, newUid: () => 'uid', connect });
  const stop = new AbortController();
  const running = followed.component.run({ signal: stop.signal, ready() {} });
  const api = await fakeApi({ store });
  const stored = async (resource = 'secrets') =>
    Buffer.from((await below.get(`/registry/core/${resource}/default/a`))?.value ?? []).toString('latin1');
  const about = { namespace: 'default', name: 'a' };
  const rewrite = async (resource = 'secrets') => api.call('update', resource, { ...about, body: await api.call('get', resource, about) });
  const create = (resource = 'secrets') => api.call('create', resource, { namespace: 'default', body: { metadata: { name: 'a' } } });
  const end = async () => {
    stop.abort();
    await running;
  };
  return { api, clock, followed, stored, rewrite, create, about, end };
}

describe('encryption whose configuration changes while the server runs', () => {
  it('writes by the new plan; what lies as the old one had it is out of date', async () => {
    const { followed, stored, rewrite, create, end } = await open(plan(['secrets'], IDENTITY));
    await create();
    await create('configmaps');
    expect(await stored()).toMatch(/^\{/);
    await followed.take(plan(['secrets', 'configmaps'], box('one', 1), IDENTITY));
    for (const resource of ['secrets', 'configmaps']) {
      await rewrite(resource);
      expect(await stored(resource)).toMatch(/^k8s:enc:secretbox:v1:one:/);
    }
    await followed.take(plan(['secrets'], box('two', 2), box('one', 1)));
    await rewrite();
    expect(await stored()).toMatch(/^k8s:enc:secretbox:v1:two:/);
    await end();
  });

  it('reads what it could not when the new plan has the key', async () => {
    const { api, followed, stored, rewrite, create, about, end } = await open(plan(['secrets'], box('one', 1)));
    await create();
    await followed.take(plan(['configmaps'], IDENTITY));
    expect(await stored()).toMatch(/^k8s:enc/);
    // It is in memory, and not lost by a plan without its key.
    expect((await api.call('get', 'secrets', about)).metadata?.name).toBe('a');
    await rewrite();
    expect(await stored()).toMatch(/^\{/);
    await end();
  });

  it('takes KMS plugins that are well, and lets go of the old ones when nobody can wait for them any more', async () => {
    const services = { first: fakeKms(), second: fakeKms() };
    const closed = vi.fn();
    services.first.close = closed;
    const { clock, followed, stored, rewrite, create, end } = await open(plan(['secrets'], IDENTITY), services);
    await followed.check.check();
    await followed.take(plan(['secrets'], kmsNamed('first'), IDENTITY));
    await create();
    expect(await stored()).toMatch(/^k8s:enc:kms:v2:first:/);
    await followed.take(plan(['secrets'], kmsNamed('second'), kmsNamed('first')));
    await rewrite();
    expect(await stored()).toMatch(/^k8s:enc:kms:v2:second:/);
    await clock.advance(9_000);
    expect(closed).not.toHaveBeenCalled();
    await clock.advance(1_000);
    expect(closed).toHaveBeenCalledOnce();
    services.second.healthz = 'bad';
    await clock.advance(60_000);
    await expect(followed.check.check()).rejects.toThrow('got unexpected healthz status: bad');
    await end();
  });

  it('stays with what it has while a new KMS plugin is not well', async () => {
    const services = { first: fakeKms() };
    services.first.isDown = true;
    const { clock, followed, stored, create, end } = await open(plan(['secrets'], box('one', 1)), services);
    const taking = followed.take(plan(['secrets'], kmsNamed('first')));
    const failed = expect(taking).rejects.toThrow('kms-provider-0: failed to perform status section of the healthz check');
    await clock.advance(11_000);
    await failed;
    await followed.check.check();
    await create();
    expect(await stored()).toMatch(/^k8s:enc:secretbox:v1:one:/);
    services.first.isDown = false;
    await followed.take(plan(['secrets'], kmsNamed('first')));
    await end();
  });
});
