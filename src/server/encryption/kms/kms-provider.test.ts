import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from '../../../base/fake-clock.ts';
import { silentLogger } from '../../../base/logger.ts';
import { aesGcm } from '../providers.ts';
import { type FakeKms, fakeKms } from './fake-kms.ts';
import { KmsProvider } from './kms-provider.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope } from './messages.ts';

const CONTEXT = '/registry/core/secrets/default/a';

interface SetUp {
  readonly clock: FakeClock;
  readonly kms: FakeKms;
  readonly provider: KmsProvider;
}

function setUp(kms = fakeKms(), clock = fakeClock()): SetUp {
  return { clock, kms, provider: new KmsProvider({ name: 'vault', service: kms, newUid: () => 'uid', clock, log: silentLogger }) };
}

/** After the time for which a good answer serves. */
async function checkAgain({ clock, provider }: SetUp): Promise<void> {
  await clock.advance(20_000);
  await provider.check();
}

const read = async (provider: KmsProvider, sealed: Uint8Array) => {
  await provider.prepare(sealed);
  const { value, form } = provider.open(sealed, CONTEXT);
  return { text: String(Buffer.from(value)), stale: form !== provider.form() };
};

describe('the envelope', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const envelopes = fc.record({
    data: bytes,
    keyId: fc.string({ minLength: 1 }),
    ciphertext: bytes,
    annotations: fc.dictionary(fc.string(), fc.uint8Array({ maxLength: 9 })),
    source: fc.constantFrom('key' as const, 'seed' as const),
  });
  const plain = ({ annotations, data, ciphertext, ...rest }: Envelope) => ({
    ...rest,
    data: [...data],
    ciphertext: [...ciphertext],
    annotations: Object.entries(annotations).map(([name, value]) => [name, ...value]),
  });

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        expect(plain(decodeEnvelope(encodeEnvelope(envelope)))).toEqual(plain(envelope));
      }),
    );
  });

  it('is refused or read, whatever the bytes are', () => {
    const { provider } = setUp();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (garbage) => {
        expect(() => provider.open(garbage, CONTEXT)).toThrow(Error);
      }),
    );
  });
});

describe('a KMS provider', () => {
  it('writes without asking the KMS, each value with a key of its own, and binds it to where it is stored', async () => {
    const { kms, provider } = setUp();
    await provider.check();
    const [first, second] = [provider.seal(Buffer.from('x'), CONTEXT), provider.seal(Buffer.from('x'), CONTEXT)];
    expect(kms.calls).toEqual(['status', 'encrypt']);
    expect(provider.prefix.toString()).toBe('k8s:enc:kms:v2:vault:');
    const [one, other] = [decodeEnvelope(first), decodeEnvelope(second)];
    expect(one).toMatchObject({ keyId: 'key-1', source: 'seed', annotations: { 'version.example.com': expect.anything() } });
    expect(one.data.length, '32 bytes of info, nonce, text, tag').toBe(32 + 12 + 1 + 16);
    expect(Buffer.from(one.data)).not.toEqual(Buffer.from(other.data));
    expect(await read(provider, first)).toEqual({ text: 'x', stale: false });
    expect(() => provider.open(first, `${CONTEXT}b`)).toThrow('cipher: message authentication failed');
  });

  it('reads what another server wrote, and asks the KMS once for each of its seeds', async () => {
    const { kms, provider: writer } = setUp();
    await writer.check();
    const values = ['a', 'b', 'c'].map((text) => writer.seal(Buffer.from(text), CONTEXT));
    const { provider: reader } = setUp(kms);
    await reader.check();
    kms.calls.length = 0;
    const opened = await Promise.all(values.map((value) => read(reader, value)));
    expect(opened.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(
      opened.map(({ stale }) => stale),
      'the seed is another, the key is the same',
    ).toEqual([false, false, false]);
    expect(kms.calls).toEqual(['decrypt']);
  });

  it('reads values of old servers, whose key is no seed, as out of date', async () => {
    const { provider } = setUp();
    await provider.check();
    const key = randomBytes(32);
    const data = aesGcm(key).seal(Buffer.from('old'), CONTEXT);
    const sealed = encodeEnvelope({ data, keyId: 'key-1', ciphertext: key.map((byte) => byte ^ 0xff), annotations: {}, source: 'key' });
    expect(await read(provider, sealed)).toEqual({ text: 'old', stale: true });
  });

  it('takes a new seed when the KMS has a new key: what was written before is out of date then, and still read', async () => {
    const made = setUp();
    const { kms, provider } = made;
    await provider.check();
    const before = provider.seal(Buffer.from('x'), CONTEXT);
    kms.keyId = 'key-2';
    await provider.check();
    expect(decodeEnvelope(provider.seal(Buffer.from('x'), CONTEXT)).keyId, 'the last answer serves for 20 s').toBe('key-1');
    await checkAgain(made);
    expect(decodeEnvelope(provider.seal(Buffer.from('x'), CONTEXT)).keyId).toBe('key-2');
    expect(await read(provider, before)).toEqual({ text: 'x', stale: true });
  });

  it('keeps its seed when the new one is of another key than the KMS tells', async () => {
    const made = setUp();
    const { kms, provider } = made;
    await provider.check();
    Object.assign(kms, { keyId: 'key-2', encryptsWith: 'key-3' });
    await expect(checkAgain(made)).rejects.toThrow(
      /^kmsv2 Provider vault is not healthy, error: failed to rotate DEK uid="uid": statusKeyIDHash="sha256:/,
    );
    expect(decodeEnvelope(provider.seal(Buffer.from('x'), CONTEXT)).keyId).toBe('key-1');
  });

  it('writes for three minutes without the KMS, and reads for ever', async () => {
    const { clock, kms, provider } = setUp();
    await provider.check();
    const value = provider.seal(Buffer.from('x'), CONTEXT);
    kms.isDown = true;
    await clock.advance(180_000);
    await expect(provider.check()).rejects.toThrow(
      'failed to perform status section of the healthz check for KMS Provider vault, error: rpc error: code = Unavailable',
    );
    provider.seal(Buffer.from('x'), CONTEXT);
    await clock.advance(1);
    expect(() => provider.seal(Buffer.from('x'), CONTEXT)).toThrow(
      /^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at 2026-01-01T00:03:00Z \(current time is 2026-01-01T00:03:00Z\)$/,
    );
    expect(await read(provider, value)).toEqual({ text: 'x', stale: false });
    kms.isDown = false;
    await clock.advance(3000);
    await provider.check();
    expect(
      kms.calls.filter((call) => call === 'encrypt'),
      'the key is the same: so is the seed',
    ).toHaveLength(1);
    provider.seal(Buffer.from('x'), CONTEXT);
  });

  it('refuses to write before it had a key', () => {
    expect(() => setUp().provider.seal(Buffer.from('x'), CONTEXT)).toThrow('got unexpected nil transformer');
  });

  it.each([
    [{ healthz: 'sick' }, 'got unexpected healthz status: sick'],
    [{ version: 'v3' }, 'expected KMSv2 API version v2, got v3'],
    [{ keyId: '' }, 'got invalid KMSv2 KeyID hash "": keyID is empty'],
    [{ keyId: 'k'.repeat(1025) }, 'keyID is 1025 bytes, which exceeds the max size of 1024'],
  ])('is not well when the KMS says %j', async (says, message) => {
    const made = setUp();
    Object.assign(made.kms, says);
    await expect(made.provider.check()).rejects.toThrow(message);
  });

  it('is not well when the version of the KMS changes', async () => {
    const made = setUp();
    await made.provider.check();
    made.kms.version = 'v2beta1';
    await expect(checkAgain(made)).rejects.toThrow(
      'KMSv2 API version should not change after the initial status response version v2, got v2beta1',
    );
  });

  it('asks every minute, every ten seconds while something is wrong, and says when it can read what it could not', async () => {
    const { kms, provider: writer } = setUp();
    await writer.check();
    const value = writer.seal(Buffer.from('x'), CONTEXT);
    kms.isDown = true;
    const { clock, provider } = setUp(kms);
    await provider.prepare(value);
    expect(() => provider.open(value, CONTEXT)).toThrow('failed to decrypt DEK, error: rpc error: code = Unavailable');
    const stop = new AbortController();
    let readable = 0;
    kms.calls.length = 0;
    const run = provider.run({ signal: stop.signal, onReadable: async () => void readable++ });
    await clock.advance(25_000);
    expect(kms.calls).toEqual(['status', 'status', 'status']);
    kms.isDown = false;
    await clock.advance(10_000);
    expect([readable, (await read(provider, value)).text]).toEqual([1, 'x']);
    kms.calls.length = 0;
    await clock.advance(120_000);
    expect(kms.calls).toEqual(['status', 'status']);
    expect(readable).toBe(1);
    stop.abort();
    await run;
  });
});
