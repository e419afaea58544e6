import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { unreachable } from '../../base/unreachable.ts';
import type { Key, ProviderPlan } from './configuration-plan.ts';

/** One way to keep a value, under the prefix that tells it from others. `context` is the store's key of the value. */
export interface Provider {
  /** `k8s:enc:aescbc:v1:key1:`; empty for what is kept as it is. */
  readonly prefix: Buffer;
  /** Without the prefix. */
  seal(value: Uint8Array, context: string): Uint8Array;
  /** Without the prefix. Throws an Error in upstream's words. */
  open(sealed: Uint8Array, context: string): Uint8Array;
}

const BLOCK_BYTES = 16;
const GCM_NONCE_BYTES = 12;
const GCM_TAG_BYTES = 16;
const BOX_NONCE_BYTES = 24;
const BOX_TAG_BYTES = 16;
const MARK = Buffer.from('k8s:enc:');

/** The provider's keys as providers of their own, in order: the first one seals. Layouts are upstream's (apiserver, storage/value/encrypt). */
export function providersOf(plan: ProviderPlan): readonly Provider[] {
  switch (plan.kind) {
    case 'identity':
      return [identity];
    case 'aescbc':
      return plan.keys.map((key) => ({ prefix: prefixOf('aescbc', key), ...aesCbc(key.secret) }));
    case 'aesgcm':
      return plan.keys.map((key) => ({ prefix: prefixOf('aesgcm', key), ...aesGcm(key.secret) }));
    case 'secretbox':
      return plan.keys.map((key) => ({ prefix: prefixOf('secretbox', key), ...secretBox(key.secret) }));
    default:
      return unreachable(plan);
  }
}

const prefixOf = (kind: string, { name }: Key): Buffer => Buffer.from(`k8s:enc:${kind}:v1:${name}:`);

type Cipher = Pick<Provider, 'seal' | 'open'>;

/** Encrypted data is refused, so that a later provider gets its turn. */
const identity: Provider = {
  prefix: Buffer.alloc(0),
  seal: (value) => value,
  open(value) {
    if (Buffer.from(value.buffer, value.byteOffset, value.byteLength).indexOf(MARK) === 0) {
      throw new Error('identity transformer tried to read encrypted data');
    }
    return value;
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
function aesGcm(secret: Uint8Array): Cipher {
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
