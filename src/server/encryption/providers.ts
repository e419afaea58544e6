import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { unreachable } from '../../base/unreachable.ts';
import type { Key, ProviderPlan } from './configuration-plan.ts';

/** One way to keep a value, under the prefix that tells it from others. `context` is the store's key of the value. */
export interface Provider {
  /** `k8s:enc:aescbc:v1:key1:`; empty for what is kept as it is. */
  readonly prefix: Buffer;
  /** What it writes now: values of another form are out of date. */
  form(): string;
  /** Without the prefix. Throws an Error in upstream's words. */
  seal(value: Uint8Array, context: string): Uint8Array;
  /** Without the prefix. Throws an Error in upstream's words. */
  open(sealed: Uint8Array, context: string): { readonly value: Uint8Array; readonly form: string };
  /** Gets what `open` will need for the value, where that lies elsewhere. Does not reject: `open` says what is missing. */
  prepare?(sealed: Uint8Array): Promise<void> | undefined;
}

const BLOCK_BYTES = 16;
const GCM_NONCE_BYTES = 12;
const GCM_TAG_BYTES = 16;
const BOX_NONCE_BYTES = 24;
const BOX_TAG_BYTES = 16;
const MARK = Buffer.from('k8s:enc:');

const CIPHERS = { aescbc: aesCbc, aesgcm: aesGcm, secretbox: secretBox };

/** By the name of a KMS provider. */
export type KmsProviders = ReadonlyMap<string, Provider>;

/** The provider's keys as providers of their own, in order: the first one seals. Layouts are upstream's (apiserver, storage/value/encrypt). */
export function providersOf(plan: ProviderPlan, kms: KmsProviders = new Map()): readonly Provider[] {
  switch (plan.kind) {
    case 'identity':
      return [identity];
    case 'aescbc':
    case 'aesgcm':
    case 'secretbox':
      return plan.keys.map((key) => keyed(plan.kind, key));
    case 'kms': {
      const provider = kms.get(plan.name);
      if (!provider) throw new Error(`no KMS provider is called ${plan.name}`);
      return [provider];
    }
    default:
      return unreachable(plan);
  }
}

/** Keys may share a name: what tells them apart is the secret. */
function keyed(kind: keyof typeof CIPHERS, { name, secret }: Key): Provider {
  const prefix = `k8s:enc:${kind}:v1:${name}:`;
  const form = `${prefix}${createHash('sha256').update(secret).digest('base64')}`;
  const cipher = CIPHERS[kind](secret);
  return {
    prefix: Buffer.from(prefix),
    form: () => form,
    seal: cipher.seal,
    open: (sealed, context) => ({ value: cipher.open(sealed, context), form }),
  };
}

export interface Cipher {
  seal(value: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Uint8Array;
}

/** Encrypted data is refused, so that a later provider gets its turn. */
const identity: Provider = {
  prefix: Buffer.alloc(0),
  form: () => 'identity',
  seal: (value) => value,
  open(value) {
    if (Buffer.from(value.buffer, value.byteOffset, value.byteLength).indexOf(MARK) === 0) {
      throw new Error('identity transformer tried to read encrypted data');
    }
    return { value, form: 'identity' };
  },
};

const tooShort = () => new Error('the stored data was shorter than the required size');

/** IV, then the blocks with PKCS#7 padding. */
function aesCbc(secret: Uint8Array): Cipher {
  const algorithm = `aes-${secret.length * 8}-cbc`;
  return {
    seal(value) {
      const iv = randomBytes(BLOCK_BYTES);
      const cipher = createCipheriv(algorithm, secret, iv);
      return Buffer.concat([iv, cipher.update(value), cipher.final()]);
    },
    open(sealed) {
      if (sealed.length < BLOCK_BYTES) throw tooShort();
      if (sealed.length % BLOCK_BYTES !== 0) throw new Error('the stored data is not a multiple of the block size');
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, BLOCK_BYTES));
      const text = decipher.update(sealed.subarray(BLOCK_BYTES));
      return Buffer.concat([text, finalOf(() => decipher.final(), 'invalid padding on input')]);
    },
  };
}

/** Nonce, ciphertext, tag; bound to the key that it is stored under, so that nobody moves a value to another. */
export function aesGcm(secret: Uint8Array): Cipher {
  const algorithm = `aes-${secret.length * 8}-gcm` as 'aes-256-gcm';
  return {
    seal(value, context) {
      const nonce = randomBytes(GCM_NONCE_BYTES);
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, context) {
      if (sealed.length < GCM_NONCE_BYTES + GCM_TAG_BYTES) throw tooShort();
      const tagAt = sealed.length - GCM_TAG_BYTES;
      const decipher = createDecipheriv(algorithm, secret, sealed.subarray(0, GCM_NONCE_BYTES), { authTagLength: GCM_TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(tagAt));
      const text = decipher.update(sealed.subarray(GCM_NONCE_BYTES, tagAt));
      return Buffer.concat([text, finalOf(() => decipher.final(), 'cipher: message authentication failed')]);
    },
  };
}

function finalOf(final: () => Buffer, message: string): Buffer {
  try {
    return final();
  } catch (cause) {
    throw new Error(message, { cause });
  }
}

/** Nonce, tag, ciphertext: NaCl's secretbox. */
function secretBox(secret: Uint8Array): Cipher {
  return {
    seal(value) {
      const nonce = randomBytes(BOX_NONCE_BYTES);
      return Buffer.concat([nonce, xsalsa20poly1305(secret, nonce).encrypt(value)]);
    },
    open(sealed) {
      if (sealed.length < BOX_NONCE_BYTES + BOX_TAG_BYTES) throw tooShort();
      try {
        return xsalsa20poly1305(secret, sealed.subarray(0, BOX_NONCE_BYTES)).decrypt(sealed.subarray(BOX_NONCE_BYTES));
      } catch (cause) {
        throw new Error('secretbox: message authentication failed', { cause });
      }
    },
  };
}
