import { Server, ServerCredentials, type sendUnaryData } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** Upstream's own definition of the messages, by their numbers: the plugin speaks what a generated one would. */
const PROTO = `syntax = "proto3"; package v2;
message StatusRequest {}
message StatusResponse { string version = 1; string healthz = 2; string key_id = 3; }
message DecryptRequest { bytes ciphertext = 1; string uid = 2; string key_id = 3; map<string, bytes> annotations = 4; }
message DecryptResponse { bytes plaintext = 1; }
message EncryptRequest { bytes plaintext = 1; string uid = 2; }
message EncryptResponse { bytes ciphertext = 1; string key_id = 2; map<string, bytes> annotations = 3; }`;

/** undefined: it never answers. */
type Handler = (request: Record<string, unknown>) => object | undefined;
export type KmsHandlers = Readonly<Record<'Status' | 'Encrypt' | 'Decrypt', Handler>>;

/** A KMS plugin for tests, on a Unix socket at the path. Call the result to stop it. */
export async function serveKms(path: string, handlers: KmsHandlers): Promise<() => void> {
  const { root } = protobuf.parse(PROTO, { keepCase: true });
  const server = new Server();
  const methods: Record<string, unknown> = {};
  const answers: Record<string, unknown> = {};
  for (const [name, handler] of Object.entries(handlers)) {
    const [request, response] = [root.lookupType(`v2.${name}Request`), root.lookupType(`v2.${name}Response`)];
    methods[name] = {
      path: `/v2.KeyManagementService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Buffer) => value,
      requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
      responseSerialize: (value: object) => Buffer.from(response.encode(value).finish()),
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    answers[name] = (call: { request: Record<string, unknown> }, callback: sendUnaryData<object>) => {
      const answer = handler(call.request);
      if (answer) callback(null, answer);
    };
  }
  server.addService(methods as never, answers as never);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return () => server.forceShutdown();
}
