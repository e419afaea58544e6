import * as grpc from '@grpc/grpc-js';
import * as protoLoader from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { goRpcError } from '../../base/go-rpc-error.ts';
import { RuntimeError, type RuntimeErrorReason } from '../runtime.ts';

/** CRI answers (lists of containers, output of ExecSync) may be this large; containerd's own bound. */
const MAX_MESSAGE_BYTES = 16 << 20;

const CHANNEL_OPTIONS: grpc.ChannelOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};

export interface RpcOptions {
  signal: AbortSignal;
  /** Wall time at which the call fails with DeadlineExceeded. */
  deadlineMs?: number;
}

/** One gRPC service on a Unix socket. Every failure is a RuntimeError. */
export interface RpcClient {
  call<Answer>(method: string, request: object, options: RpcOptions): Promise<Answer>;
  /** Ends with an error when the server goes away, and with Aborted when the signal aborts. */
  stream<Answer>(method: string, request: object, options: RpcOptions): AsyncIterable<Answer>;
  close(): void;
}

/** Services by full name (`runtime.v1.RuntimeService`) of a proto text. 64-bit numbers become doubles: nanosecond times keep their milliseconds. */
export function loadServices(protoText: string): Record<string, grpc.ServiceDefinition> {
  const json = protobuf.parse(protoText).root.toJSON();
  const definitions = protoLoader.fromJSON(json, { longs: Number, enums: String, defaults: true, arrays: true, objects: true });
  return definitions as Record<string, grpc.ServiceDefinition>;
}

export function rpcClient(socketPath: string, service: grpc.ServiceDefinition): RpcClient {
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
  const method = (name: string) => {
    const found = service[name];
    if (!found) throw new RuntimeError('Unimplemented', `no method ${name}`);
    return found as grpc.MethodDefinition<object, unknown>;
  };

  function call<Answer>(name: string, request: object, { signal, deadlineMs }: RpcOptions): Promise<Answer> {
    const { path, requestSerialize, responseDeserialize } = method(name);
    return new Promise<Answer>((resolve, reject) => {
      if (signal.aborted) return reject(abortedError(name, signal));
      const onAbort = () => ongoing.cancel();
      const ongoing = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        { deadline: deadlineMs },
        (error, answer) => {
          signal.removeEventListener('abort', onAbort);
          if (!error) return resolve(answer as Answer);
          reject(signal.aborted ? abortedError(name, signal) : toRuntimeError(error));
        },
      );
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  async function* stream<Answer>(name: string, request: object, { signal, deadlineMs }: RpcOptions): AsyncGenerator<Answer> {
    const { path, requestSerialize, responseDeserialize } = method(name);
    if (signal.aborted) throw abortedError(name, signal);
    const ongoing = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, { deadline: deadlineMs });
    const onAbort = () => ongoing.cancel();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const item of ongoing) yield item as Answer;
      throw new RuntimeError('Unavailable', `${name}: the stream ended`);
    } catch (error) {
      if (signal.aborted) throw abortedError(name, signal);
      throw error instanceof RuntimeError ? error : toRuntimeError(error as grpc.ServiceError);
    } finally {
      signal.removeEventListener('abort', onAbort);
      ongoing.cancel();
    }
  }

  return { call, stream, close: () => client.close() };
}

const abortedError = (method: string, signal: AbortSignal) =>
  new RuntimeError('Aborted', `${method} was aborted`, { cause: signal.reason });

/** By gRPC status codes. */
const REASONS: Partial<Record<grpc.status, RuntimeErrorReason>> = {
  [grpc.status.NOT_FOUND]: 'NotFound',
  [grpc.status.ALREADY_EXISTS]: 'AlreadyExists',
  [grpc.status.UNAVAILABLE]: 'Unavailable',
  [grpc.status.DEADLINE_EXCEEDED]: 'DeadlineExceeded',
  [grpc.status.CANCELLED]: 'Aborted',
  [grpc.status.UNIMPLEMENTED]: 'Unimplemented',
};

/** In the words of the kubelet, whose events and statuses carry what Go's gRPC says. */
export function toRuntimeError(error: Partial<grpc.ServiceError>): RuntimeError {
  const { code = grpc.status.UNKNOWN, details, message = '' } = error;
  const said = details || message;
  return new RuntimeError(REASONS[code] ?? 'Unknown', goRpcError(code, said), { cause: error, details: said });
}
