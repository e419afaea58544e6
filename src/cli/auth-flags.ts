import { InvalidArgumentError } from 'commander';
import { parseDuration } from './duration.ts';
import { flag, list, oneOf, text, url } from './flag-values.ts';

const HOUR_MS = 3_600_000;
/** kube-apiserver's bounds of --service-account-max-token-expiration: an hour and 2^32 seconds. */
const LONGEST_TOKEN_MS = 2 ** 32 * 1000;

export function duration(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined) throw new InvalidArgumentError('it must be a duration such as 1h30m.');
  return ms;
}

function tokenLife(value: string): number {
  const ms = duration(value);
  if (ms < HOUR_MS || ms > LONGEST_TOKEN_MS) throw new InvalidArgumentError('it must be between 1h and 2^32 seconds.');
  return ms;
}

const yesOrNo = oneOf('true', 'false');
export const boolean = (value: string): boolean => yesOrNo(value) === 'true';

/** A URL, or any text without a colon: what an issuer may be called. */
function issuer(value: string): string {
  if (value === '' || (value.includes(':') && !URL.canParse(value))) throw new InvalidArgumentError('it must be a URL.');
  return value;
}

const serviceAccountFlags = () => [
  flag(
    '--service-account-issuer <url>',
    'Issuer of service account tokens. May be repeated: the first signs, all are believed. Default: https://kubernetes.default.svc.<cluster domain>.',
    list(issuer),
  ),
  flag(
    '--service-account-signing-key-file <file>',
    'PEM private key (RSA or ECDSA) that signs service account tokens. Default: one made at first start.',
    text,
  ),
  flag(
    '--service-account-key-file <file>',
    'PEM keys that service account tokens are believed by, besides the one that signs. May be repeated.',
    list(text),
  ),
  flag('--service-account-jwks-uri <url>', 'Address of the key set that the issuer discovery document names.', url),
  flag(
    '--service-account-max-token-expiration <duration>',
    'Longest life of a service account token; longer wishes are shortened.',
    tokenLife,
  ),
  flag(
    '--service-account-extend-token-expiration <true|false>',
    'Let the tokens that pods get by default live a year, for clients that read theirs only once. Default: true.',
    boolean,
  ),
  flag('--api-audiences <audience>', 'Audiences that the API server answers to. May be repeated. Default: the issuers.', list(text)),
];

/** Whom the API server believes, under the names that kube-apiserver has for it. */
export const authFlags = () => [...serviceAccountFlags()];
