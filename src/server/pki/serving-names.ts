import { canonicalSan } from './certificate.ts';

export interface ServingNamesOptions {
  readonly hostName: string;
  readonly clusterDomain: string;
  /** First address of each service range: the `kubernetes` service. */
  readonly serviceIps: readonly string[];
  readonly nodeIps: readonly string[];
  /** --tls-san: names or addresses. */
  readonly extra?: readonly string[];
}

/** Every name that clients reach the API server by. */
export function servingNames(options: ServingNamesOptions): string[] {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', `kubernetes.default.svc.${options.clusterDomain}`];
  const own = ['localhost', '127.0.0.1', '::1', options.hostName];
  const all = [...service, ...own, ...options.serviceIps, ...options.nodeIps, ...(options.extra ?? [])];
  return [...new Set(all.filter(Boolean).map(canonicalSan))];
}
