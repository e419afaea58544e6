import { X509Certificate } from 'node:crypto';
import { groupsClaim, requiredClaim, usernameClaim } from '../../server/authn/oidc/claims-plan.ts';
import type { JwtAuthenticator } from '../../server/authn/oidc/oidc.ts';
import { UsageError } from '../exit.ts';
import { fromFile } from './from-file.ts';
import type { ServerSettings } from './settings.ts';

/** PEM text with at least one certificate, each of which parses. Throws an Error that says what is wrong. */
export function certificates(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('it holds no PEM certificate');
  for (const block of blocks) new X509Certificate(block);
  return blocks;
}

/** Upstream's default: names of other issuers' users must not meet ours, mail addresses do not by themselves. */
function usernamePrefix({ oidcUsernamePrefix: prefix, oidcUsernameClaim: claim = 'sub', oidcIssuerUrl }: ServerSettings): string {
  if (prefix === '-') return '';
  return prefix ?? (claim === 'email' ? '' : `${oidcIssuerUrl}#`);
}

const OTHERS = [
  'oidcUsernameClaim',
  'oidcUsernamePrefix',
  'oidcGroupsClaim',
  'oidcGroupsPrefix',
  'oidcCaFile',
  'oidcSigningAlgs',
  'oidcRequiredClaim',
] as const;

/** What the --oidc-* flags say; undefined without them. Rejects with UsageError. */
export async function oidcAuthenticator(settings: ServerSettings): Promise<JwtAuthenticator | undefined> {
  const { oidcIssuerUrl: url, oidcClientId: clientId, oidcCaFile: caFile, oidcSigningAlgs: algorithms } = settings;
  if (url === undefined && clientId === undefined && OTHERS.every((name) => settings[name] === undefined)) return undefined;
  if (url === undefined || clientId === undefined)
    throw new UsageError('--oidc-issuer-url and --oidc-client-id must be specified together');
  const caPem = caFile === undefined ? undefined : await fromFile('--oidc-ca-file', caFile, (pem) => certificates(pem).join('\n'));
  const required = (settings.oidcRequiredClaim ?? []).map((text) => {
    const at = text.indexOf('=');
    return requiredClaim(text.slice(0, at), text.slice(at + 1));
  });
  return {
    issuer: { url, ...(caPem && { caPem }) },
    audiences: [clientId],
    algorithms: algorithms ?? ['RS256'],
    mapping: {
      username: usernameClaim(settings.oidcUsernameClaim ?? 'sub', usernamePrefix(settings)),
      groups: groupsClaim(settings.oidcGroupsClaim ?? '', settings.oidcGroupsPrefix),
      uid: () => '',
      extra: () => ({}),
      claimRules: required,
      userRules: [],
    },
  };
}
