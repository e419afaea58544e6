import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../../base/clock.ts';
import { goRpcError } from '../../../base/go-rpc-error.ts';
import {
  decodeDecryptResponse,
  decodeEncryptResponse,
  decodeStatus,
  type EncryptedKey,
  encodeDecryptRequest,
  encodeEncryptRequest,
  encodeStatusRequest,
  type KmsStatus,
} from './messages.ts';

/** A KMS plugin (Kubernetes: "Using a KMS provider for data encryption", v2). Every method rejects with an Error when the plugin does not answer in time or answers with one. */
export interface KmsService {
  status(): Promise<KmsStatus>;
  encrypt(plaintext: Uint8Array, uid: string): Promise<EncryptedKey>;
  decrypt(key: EncryptedKey, uid: string): Promise<Uint8Array>;
  close(): void;
}

export interface KmsEndpoint {
  /** `unix:///run/kms.sock`; the path may be an abstract name that begins with `@`. */
  readonly endpoint: string;
  readonly timeoutMs: number;
}

const SERVICE = '/v2.KeyManagementService';

const CHANNEL_OPTIONS = {
  'grpc.default_authority': 'localhost',
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 5000,
};

/** Connects on first use, and again by itself after the plugin was away. */
export function kmsClient({ endpoint, timeoutMs }: KmsEndpoint, clock: Pick<Clock, 'now'>): KmsService {
  const client = new Client(targetOf(endpoint), credentials.createInsecure(), CHANNEL_OPTIONS);
  const call = <Request, Answer>(
    method: string,
    request: Request,
    encode: (request: Request) => Buffer,
    decode: (bytes: Buffer) => Answer,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // A plugin that is about to come back is worth the wait.
      const metadata = new Metadata({ waitForReady: true });
      const options = { deadline: clock.now() + timeoutMs };
      client.makeUnaryRequest(
        `${SERVICE}/${method}`,
        encode,
        decode,
        request,
        metadata,
        options,
        (error: ServiceError | null, answer?: Answer) => (error || answer === undefined ? reject(plain(error)) : resolve(answer)),
      );
    });
  return {
    status: () => call('Status', undefined, encodeStatusRequest, decodeStatus),
    encrypt: (plaintext, uid) => call('Encrypt', { plaintext, uid }, encodeEncryptRequest, decodeEncryptResponse),
    decrypt: (key, uid) => call('Decrypt', { ...key, uid }, encodeDecryptRequest, decodeDecryptResponse),
    close: () => client.close(),
  };
}

/** `unix:///@kms` is an abstract name. */
function targetOf(endpoint: string): string {
  const { pathname } = new URL(endpoint);
  const path = decodeURIComponent(pathname);
  return path.startsWith('/@') ? `unix-abstract:${path.slice(2)}` : `unix:${path}`;
}

const plain = (error: ServiceError | null): Error =>
  new Error(error ? goRpcError(error.code, error.details) : 'rpc error: no answer', { cause: error });
