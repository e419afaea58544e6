import { createHmac, randomBytes } from 'node:crypto';
import { aesGcm, type Cipher } from '../providers.ts';
import type { EncryptedKey, Envelope, KeySource } from './messages.ts';

/** A seed is as long as a key and the text that keys are derived with. */
export const SEED_BYTES = 64;
const INFO_BYTES = 32;
const DERIVED_FROM = Buffer.from([1]);

/** The key is used for one value only: HKDF-Expand (RFC 5869, SHA-256) of the seed and 32 random bytes, which stand before the nonce. */
export function seedCipher(seed: Uint8Array): Cipher {
  if (seed.length < SEED_BYTES) throw new Error(`invalid seed length ${seed.length} used for key generation`);
  const derived = (info: Uint8Array) => aesGcm(createHmac('sha256', seed).update(info).update(DERIVED_FROM).digest());
  return {
    seal(value, context) {
      const info = randomBytes(INFO_BYTES);
      return Buffer.concat([info, derived(info).seal(value, context)]);
    },
    open(sealed, context) {
      if (sealed.length < INFO_BYTES) throw new Error('the stored data was shorter than the required size');
      return derived(sealed.subarray(0, INFO_BYTES)).open(sealed.subarray(INFO_BYTES), context);
    },
  };
}

/** Of servers before 1.29 there may be values whose key is no seed. */
export const cipherOf = (source: KeySource, plaintext: Uint8Array): Cipher =>
  source === 'seed' ? seedCipher(plaintext) : aesGcm(plaintext);

const KEY_ID_BYTES = 1024;
const ENCRYPTED_KEY_BYTES = 1024;
const ANNOTATION_BYTES = 32 * 1024;
const DOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)+$/;

/** What is wrong with a key's id, in upstream's words. */
export function keyIdFault(keyId: string): string | undefined {
  if (keyId === '') return 'keyID is empty';
  const bytes = Buffer.byteLength(keyId);
  return bytes > KEY_ID_BYTES ? `keyID is ${bytes} bytes, which exceeds the max size of ${KEY_ID_BYTES}` : undefined;
}

/** What is wrong with a key that a KMS encrypted, in upstream's words. */
export function keyFault({ ciphertext, keyId, annotations }: EncryptedKey): string | undefined {
  if (ciphertext.length === 0) return 'failed to validate encrypted DEK source: encrypted DEK source is empty';
  if (ciphertext.length > ENCRYPTED_KEY_BYTES) {
    return `failed to validate encrypted DEK source: encrypted DEK source is ${ciphertext.length} bytes, which exceeds the max size of ${ENCRYPTED_KEY_BYTES}`;
  }
  const wrongId = keyIdFault(keyId);
  if (wrongId) return `failed to validate key id: ${wrongId}`;
  const wrong = Object.keys(annotations).find((name) => name.length > 253 || !DOMAIN.test(name));
  if (wrong !== undefined)
    return `failed to validate annotations: annotations: Invalid value: ${JSON.stringify(wrong)}: should be a domain with at least two segments separated by dots`;
  const size = Object.entries(annotations).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + value.length, 0);
  return size > ANNOTATION_BYTES
    ? `failed to validate annotations: total size of annotations is ${size}, which exceeds the max size of ${ANNOTATION_BYTES}`
    : undefined;
}

/** What is wrong with a stored value, in upstream's words. */
export const envelopeFault = (envelope: Envelope): string | undefined =>
  envelope.data.length === 0 ? 'encrypted data is empty' : keyFault(envelope);

/** Tells encrypted keys apart. */
export function identityOf({ source, ciphertext, keyId, annotations }: EncryptedKey & { readonly source: KeySource }): string {
  const sorted = Object.keys(annotations).sort();
  return JSON.stringify([source, base64(ciphertext), keyId, sorted.map((name) => [name, base64(annotations[name] as Uint8Array)])]);
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
