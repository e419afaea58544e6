import type { ServiceError } from '@grpc/grpc-js';
import type { GRPCAction } from '../../api/schema/generated/types.ts';
import { type Limits, USER_AGENT } from './http-probe.ts';
import { failed, hostPort, type ProbeAnswer, type ProbeTarget, succeeded } from './probe-target.ts';

const METHOD = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse.ServingStatus by number. */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** The gRPC health checking protocol (https://grpc.io/docs/guides/health-checking/), without TLS. Rejects with the signal's reason alone. */
export async function grpcProbe({ port, service = '' }: GRPCAction, target: ProbeTarget, limits: Limits): Promise<ProbeAnswer> {
  // Few pods have gRPC probes; the library is not cheap to load.
  const { Client, credentials, status: codes } = await import('@grpc/grpc-js');
  const address = hostPort(target.podIp, port);
  const client = new Client(address, credentials.createInsecure(), { 'grpc.primary_user_agent': USER_AGENT, 'grpc.enable_http_proxy': 0 });
  const ended = AbortSignal.any([limits.signal, limits.timedOut]);
  try {
    const serving = await new Promise<number>((resolve, reject) => {
      const call = client.makeUnaryRequest(METHOD, encodeRequest, decodeStatus, service, (error: ServiceError | null, answer?: number) =>
        error ? reject(error) : resolve(answer ?? 0),
      );
      ended.addEventListener('abort', () => call.cancel(), { once: true });
      if (ended.aborted) call.cancel();
    });
    return serving === 1 ? succeeded('service healthy') : failed(`service unhealthy (responded with "${STATUSES[serving] ?? serving}")`);
  } catch (error) {
    limits.signal.throwIfAborted();
    const { code, details } = error as ServiceError;
    if (limits.timedOut.aborted) return failed('timeout: health rpc did not complete within the timeout');
    if (code === codes.UNAVAILABLE) return failed(`error: failed to connect service at ${JSON.stringify(address)}: ${details}`);
    if (code === codes.UNIMPLEMENTED)
      return failed(`error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`);
    return failed(`error: health rpc probe failed: ${details}`);
  } finally {
    client.close();
  }
}

/** HealthCheckRequest: field 1, the service's name. */
export function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  if (name.length === 0) return name;
  const length: number[] = [];
  let rest = name.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), name]);
}

/** HealthCheckResponse: field 1, the status; left out when it is 0. */
export const decodeStatus = (message: Buffer): number => (message[0] === 0x08 ? (message[1] ?? 0) : 0);
