import type { ContainerPort } from '../../api/schema/generated/types.ts';
import type { ProbeOutcome } from './probe-machine.ts';

/** The container that is asked. */
export interface ProbeTarget {
  /** Where httpGet, tcpSocket and grpc connect unless they name a host; the node's address for pods on the host network. */
  readonly podIp: string;
  readonly containerId: string;
  /** Probes name ports by number or by one of these names. */
  readonly ports: readonly ContainerPort[];
}

export interface ProbeAnswer {
  readonly outcome: ProbeOutcome;
  readonly message: string;
}

export const succeeded = (message = ''): ProbeAnswer => ({ outcome: 'success', message });
export const failed = (message: string): ProbeAnswer => ({ outcome: 'failure', message });

/** As much of an answer as is read: upstream's bound for bodies and command output. */
export const MAX_ANSWER_BYTES = 10 * 1024;

/** Throws an Error when there is no such port. */
export function portNumber(port: number | string, { ports }: ProbeTarget): number {
  const named = ports.find((p) => p.name === port)?.containerPort;
  const number = named ?? Number(port);
  if (!Number.isInteger(number)) throw new Error(`couldn't find port: ${port}`);
  if (number < 1 || number > 65535) throw new Error(`invalid port number: ${number}`);
  return number;
}

export const hostPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const DIAL_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
};

/** A failed connection in Go's words, which people and their tools search for. */
export function dialError(address: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOTFOUND') return `dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host`;
  const known = DIAL_ERRORS[error.code ?? ''];
  return known ? `dial tcp ${address}: ${known}` : error.message;
}
