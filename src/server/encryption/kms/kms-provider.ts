import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
import type { Logger } from '../../../base/logger.ts';
import type { Cipher, Provider } from '../providers.ts';
import { cipherOf, envelopeFault, identityOf, keyFault, keyIdFault, SEED_BYTES, seedCipher } from './envelope.ts';
import type { KmsService } from './kms-client.ts';
import { decodeEnvelope, type EncryptedKey, type Envelope, encodeEnvelope, type KmsStatus } from './messages.ts';

/** Upstream's: how often a plugin is asked how it is, and for how long a seed is used when it does not answer any more. */
const WELL_INTERVAL_MS = 60_000;
const UNWELL_INTERVAL_MS = 10_000;
const SEED_LIFETIME_MS = 180_000;
/** An answer to a health check serves for so long. */
const WELL_TTL_MS = 20_000;
const UNWELL_TTL_MS = 3_000;

const VERSIONS: readonly string[] = ['v2', 'v2beta1'];

/** What values are written with: a seed of this server's own, which only the KMS can open again. */
interface WriteState {
  readonly cipher: Cipher;
  readonly key: EncryptedKey & { readonly source: 'seed' };
  expiresMs: number;
}

type Unopened = Omit<Envelope, 'data'>;

export interface KmsProviderOptions {
  readonly name: string;
  readonly service: KmsService;
  readonly newUid: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Envelope encryption by a KMS plugin (Kubernetes: "Using a KMS provider for data encryption", v2; KEP-3299). Writes need the plugin only when it changes its key: each value has a key of its
 * own, derived from a seed that the plugin encrypted once. Reads need it once for each seed that a value was ever written with.
 */
export class KmsProvider implements Provider {
  readonly name: string;
  readonly prefix: Buffer;
  readonly #options: KmsProviderOptions;
  #state: WriteState | undefined;
  /** Of the seeds that were opened, by `identityOf`. */
  readonly #ciphers = new Map<string, Cipher>();
  readonly #opening = new Map<string, Promise<void>>();
  /** Seeds that could not be opened, and why. */
  readonly #failures = new Map<string, { readonly key: Unopened; readonly why: string }>();
  #version = '';
  #last: { readonly atMs: number; readonly error: Error | undefined } | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: KmsProviderOptions) {
    this.name = options.name;
    this.prefix = Buffer.from(`k8s:enc:kms:v2:${options.name}:`);
    this.#options = options;
  }

  /** Changes with the key of the KMS, not with the seed. */
  form(): string {
    return this.#formOf(this.#state?.key.keyId ?? '', 'seed');
  }

  seal(value: Uint8Array, context: string): Uint8Array {
    const state = this.#state;
    if (!state) throw new Error('got unexpected nil transformer');
    const nowMs = this.#options.clock.now();
    if (nowMs > state.expiresMs) {
      const [expired, now] = [state.expiresMs, nowMs].map((ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`);
      throw new Error(`encryptedDEKSource with keyID hash ${quotedHash(state.key.keyId)} expired at ${expired} (current time is ${now})`);
    }
    return encodeEnvelope({ ...state.key, data: state.cipher.seal(value, context) });
  }

  open(sealed: Uint8Array, context: string): { value: Uint8Array; form: string } {
    const envelope = checked(sealed);
    const identity = identityOf(envelope);
    const cipher = this.#ciphers.get(identity);
    if (!cipher) throw new Error(`failed to decrypt DEK, error: ${this.#failures.get(identity)?.why ?? 'the KMS was not asked yet'}`);
    return { value: cipher.open(envelope.data, context), form: this.#formOf(envelope.keyId, envelope.source) };
  }

  prepare(sealed: Uint8Array): Promise<void> | undefined {
    let envelope: Envelope;
    try {
      envelope = checked(sealed);
    } catch {
      return undefined;
    }
    const identity = identityOf(envelope);
    if (this.#ciphers.has(identity)) return undefined;
    const known = this.#opening.get(identity);
    if (known) return known;
    const { data: _, ...key } = envelope;
    const opening = this.#openKey(identity, key).finally(() => this.#opening.delete(identity));
    this.#opening.set(identity, opening);
    return opening;
  }

  /** Tries again to open what could not be opened. Resolves with whether anything could: values that were unreadable are not any more. */
  async retry(): Promise<boolean> {
    const failed = [...this.#failures];
    await Promise.all(failed.map(([identity, { key }]) => this.#openKey(identity, key)));
    return failed.some(([identity]) => this.#ciphers.has(identity));
  }

  /** Asks the plugin how it is, unless it just said so, and takes a new seed when its key has changed. Rejects with what is wrong. */
  async check(): Promise<void> {
    const ttlMs = this.#last?.error ? UNWELL_TTL_MS : WELL_TTL_MS;
    if (!this.#last || this.#options.clock.monotonic() - this.#last.atMs >= ttlMs) {
      this.#checking ??= this.#ask().finally(() => {
        this.#checking = undefined;
      });
      await this.#checking;
    }
    if (this.#last?.error) throw this.#last.error;
  }

  /** Keeps asking until the signal aborts. `onReadable`: values that were unreadable are not any more. */
  async run({ signal, onReadable }: { signal: AbortSignal; onReadable: () => Promise<void> }): Promise<void> {
    const { clock, log, service } = this.#options;
    try {
      while (!signal.aborted) {
        const isWell = await this.check().then(
          () => true,
          (error: unknown) => {
            log.warn({ error, kms: this.name }, 'KMS plugin failed health check probe');
            return false;
          },
        );
        if (isWell && (await this.retry())) await onReadable();
        await clock.sleep(isWell ? WELL_INTERVAL_MS : UNWELL_INTERVAL_MS, { signal }).catch(() => {});
      }
    } finally {
      service.close();
    }
  }

  #formOf(keyId: string, source: string): string {
    return `${this.prefix}${source}:${keyId}`;
  }

  async #openKey(identity: string, key: Unopened): Promise<void> {
    const { service, newUid } = this.#options;
    try {
      this.#ciphers.set(identity, cipherOf(key.source, await service.decrypt(key, newUid())));
      this.#failures.delete(identity);
    } catch (error) {
      this.#failures.set(identity, { key, why: messageOf(error) });
    }
  }

  async #ask(): Promise<void> {
    const { service, clock } = this.#options;
    let error: Error | undefined;
    try {
      error = await this.#judge(await service.status());
    } catch (cause) {
      error = new Error(`failed to perform status section of the healthz check for KMS Provider ${this.name}, error: ${messageOf(cause)}`);
    }
    this.#last = { atMs: clock.monotonic(), error };
  }

  async #judge({ healthz, version, keyId }: KmsStatus): Promise<Error | undefined> {
    const faults: string[] = [];
    if (healthz !== 'ok') faults.push(`got unexpected healthz status: ${healthz}`);
    if (!VERSIONS.includes(version)) faults.push(`expected KMSv2 API version v2, got ${version}`);
    else {
      this.#version ||= version;
      if (this.#version !== version) {
        faults.push(`KMSv2 API version should not change after the initial status response version ${this.#version}, got ${version}`);
      }
    }
    const wrongId = keyIdFault(keyId);
    if (wrongId) faults.push(`got invalid KMSv2 KeyID hash ${quotedHash(keyId)}: ${wrongId}`);
    else await this.#follow(keyId).catch((error: unknown) => faults.push(messageOf(error)));
    return faults.length > 0 ? new Error(`kmsv2 Provider ${this.name} is not healthy, error: ${goAggregate(faults)}`) : undefined;
  }

  /** The state that there is stays when there is no new one: writes go on with it until it expires. */
  async #follow(keyId: string): Promise<void> {
    const { clock, service, newUid, log } = this.#options;
    // From before the plugin is asked: the lifetime is an upper bound.
    const expiresMs = clock.now() + SEED_LIFETIME_MS;
    if (this.#state?.key.keyId === keyId) {
      this.#state.expiresMs = expiresMs;
      return;
    }
    const [seed, uid] = [randomBytes(SEED_BYTES), newUid()];
    const key = await service.encrypt(seed, uid).catch((error: unknown) => {
      throw new Error(`failed to rotate DEK uid=${JSON.stringify(uid)}: failed to encrypt DEK, error: ${messageOf(error)}`);
    });
    const fault = keyFault(key) ?? (key.keyId === keyId ? undefined : otherKey(keyId, key.keyId));
    if (fault) throw new Error(`failed to rotate DEK uid=${JSON.stringify(uid)}: ${fault}`);
    const cipher = seedCipher(seed);
    this.#state = { cipher, key: { ...key, source: 'seed' }, expiresMs };
    this.#ciphers.set(identityOf(this.#state.key), cipher);
    log.info({ kms: this.name, keyIdHash: hashOf(keyId) }, 'values are encrypted with a new key of the KMS');
  }
}

function checked(sealed: Uint8Array): Envelope {
  const envelope = decodeEnvelope(sealed);
  const fault = envelopeFault(envelope);
  if (fault) throw new Error(fault);
  return envelope;
}

const otherKey = (status: string, encrypt: string) => `statusKeyIDHash=${quotedHash(status)}, encryptKeyIDHash=${quotedHash(encrypt)}`;
const hashOf = (text: string): string => (text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`);
const quotedHash = (text: string): string => JSON.stringify(hashOf(text));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
