import type { KmsService } from './kms-client.ts';
import type { EncryptedKey, KmsStatus } from './messages.ts';

/** A KMS in memory, which turns bits over. Change its fields to have it answer otherwise. */
export interface FakeKms extends KmsService {
  keyId: string;
  healthz: string;
  version: string;
  /** It does not answer. */
  isDown: boolean;
  /** The id that it encrypts with, when that is not the one that it tells. */
  encryptsWith: string | undefined;
  readonly calls: string[];
}

const turned = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);

export function fakeKms(): FakeKms {
  const answer = <T>(call: string, value: () => T): Promise<T> => {
    kms.calls.push(call);
    return kms.isDown ? Promise.reject(new Error('rpc error: code = Unavailable desc = no such socket')) : Promise.resolve().then(value);
  };
  const kms: FakeKms = {
    keyId: 'key-1',
    healthz: 'ok',
    version: 'v2',
    isDown: false,
    encryptsWith: undefined,
    calls: [],
    status: () => answer('status', (): KmsStatus => ({ version: kms.version, healthz: kms.healthz, keyId: kms.keyId })),
    encrypt: (plaintext) =>
      answer(
        'encrypt',
        (): EncryptedKey => ({
          ciphertext: turned(plaintext),
          keyId: kms.encryptsWith ?? kms.keyId,
          annotations: { 'version.example.com': Buffer.from('1') },
        }),
      ),
    decrypt: ({ ciphertext }) => answer('decrypt', () => turned(ciphertext)),
    close() {},
  };
  return kms;
}
