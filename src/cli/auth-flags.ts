import { InvalidArgumentError } from 'commander';
import { SIGNING_ALGORITHMS } from '../server/authn/oidc/signing-algorithms.ts';
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

function requiredClaim(value: string): string {
  if (!/^[^=]+=/.test(value)) throw new InvalidArgumentError('it must be claim=value.');
  return value;
}

const oidcFlags = () => [
  flag(
    '--authentication-config <file>',
    'AuthenticationConfiguration (apiserver.config.k8s.io/v1): issuers of ID tokens and how claims become users; in place of --oidc-… flags. Followed: a change takes effect, except of anonymous.',
    text,
  ),
  flag('--oidc-issuer-url <url>', 'OpenID Connect provider whose ID tokens are believed; needs --oidc-client-id.', url),
  flag('--oidc-client-id <id>', 'Client that ID tokens must be for.', text),
  flag('--oidc-username-claim <claim>', 'Claim that is the user name. Default: sub.', text),
  flag(
    '--oidc-username-prefix <prefix>',
    'What is put before user names; - for nothing. Default: the issuer and #, or nothing for the claim email.',
    text,
  ),
  flag('--oidc-groups-claim <claim>', "Claim that is the user's groups.", text),
  flag('--oidc-groups-prefix <prefix>', 'What is put before groups.', text),
  flag('--oidc-required-claim <claim=value>', 'Claim that ID tokens must have with this value. May be repeated.', list(requiredClaim)),
  flag('--oidc-ca-file <file>', "PEM of the CAs that vouch for the provider. Default: this machine's.", text),
  flag(
    '--oidc-signing-algs <algorithm>',
    'Signature algorithms that are believed. May be repeated. Default: RS256.',
    list(oneOf(...SIGNING_ALGORITHMS)),
  ),
];

const VERSIONS = ['v1', 'v1beta1'];
const MODES = ['Node', 'RBAC', 'Webhook', 'AlwaysAllow', 'AlwaysDeny'];

const webhookFlags = () => [
  flag('--authentication-token-webhook-config-file <file>', 'Kubeconfig of a TokenReview webhook that is asked about tokens.', text),
  flag('--authentication-token-webhook-version <version>', 'Version of its TokenReview: v1 or v1beta1. Default: v1.', oneOf(...VERSIONS)),
  flag('--authentication-token-webhook-cache-ttl <duration>', 'How long its answers are believed. Default: 2m.', duration),
  flag(
    '--authorization-mode <mode>',
    'Who decides what users may do, in this order. May be repeated. Default: Node,RBAC.',
    list(oneOf(...MODES)),
  ),
  flag(
    '--authorization-config <file>',
    'AuthorizationConfiguration (apiserver.config.k8s.io/v1): who decides, in order, any number of webhooks; in place of --authorization-… flags. Followed: a change takes effect.',
    text,
  ),
  flag('--authorization-webhook-config-file <file>', 'Kubeconfig of a SubjectAccessReview webhook, for the mode Webhook.', text),
  flag('--authorization-webhook-version <version>', 'Version of its SubjectAccessReview: v1 or v1beta1. Default: v1.', oneOf(...VERSIONS)),
  flag('--authorization-webhook-cache-authorized-ttl <duration>', 'How long its permissions are believed. Default: 5m.', duration),
  flag('--authorization-webhook-cache-unauthorized-ttl <duration>', 'How long its refusals are believed. Default: 30s.', duration),
];

const requestFlags = () => [
  flag(
    '--anonymous-auth <true|false>',
    'Let requests without credentials in as system:anonymous. Default: true; off with --authorization-mode AlwaysAllow.',
    boolean,
  ),
  flag('--client-ca-file <file>', "PEM of further CAs that vouch for clients, besides the cluster's own.", text),
  flag('--requestheader-client-ca-file <file>', "PEM of further CAs that vouch for front proxies, besides the cluster's own.", text),
  flag('--requestheader-allowed-names <name>', 'Common names of front proxies. May be repeated. Default: front-proxy-client.', list(text)),
  flag('--requestheader-username-headers <header>', 'Headers with the user name. May be repeated. Default: X-Remote-User.', list(text)),
  flag('--requestheader-uid-headers <header>', "Headers with the user's uid. May be repeated. Default: X-Remote-Uid.", list(text)),
  flag('--requestheader-group-headers <header>', "Headers with the user's groups. May be repeated. Default: X-Remote-Group.", list(text)),
  flag(
    '--requestheader-extra-headers-prefix <prefix>',
    'Prefixes of headers with more of the user. May be repeated. Default: X-Remote-Extra-.',
    list(text),
  ),
];

/** Whom the API server believes, under the names that kube-apiserver has for it. */
export const authFlags = () => [...serviceAccountFlags(), ...oidcFlags(), ...webhookFlags(), ...requestFlags()];
