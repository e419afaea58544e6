import { InvalidArgumentError } from 'commander';
import type { TlsBounds } from '../server/http/https-server.ts';
import { flag, list } from './flag-values.ts';

const VERSIONS = { VersionTLS12: 'TLSv1.2', VersionTLS13: 'TLSv1.3' } as const;

/** Go's names of the suites that it holds for safe, as kube-apiserver's flag has them, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
};

function version(value: string): TlsBounds['minVersion'] {
  const known = VERSIONS[value as keyof typeof VERSIONS];
  if (!known) throw new InvalidArgumentError(`it must be one of ${Object.keys(VERSIONS).join(', ')}.`);
  return known;
}

function suite(value: string): string {
  const known = SUITES[value];
  if (known === undefined) throw new InvalidArgumentError(`it must be one of ${Object.keys(SUITES).join(', ')}.`);
  return known;
}

export const tlsFlags = () => [
  flag('--tls-min-version <version>', 'Least version of TLS that the API server speaks: VersionTLS12, VersionTLS13.', version, 'TLSv1.2'),
  flag(
    '--tls-cipher-suites <suite>',
    'Suites of TLS 1.2 that the API server takes, by the names that Go has for them; those of TLS 1.3 are always taken. Its own certificate is ECDSA. May be repeated.',
    list(suite),
    [],
  ),
];
