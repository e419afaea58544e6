import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../api/schema/generated/types.ts';
import { type Clock, rfc3339 } from '../../base/clock.ts';
import type { ObjectReader, UserInfo } from '../ports.ts';
import type { TokenSource } from './token-source.ts';

/** Kubernetes' bootstrap token: a public id of 6 and a secret of 16 characters of [a-z0-9], written `id.secret`. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

const FORM = /^([a-z0-9]{6})\.([a-z0-9]{16})$/;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SECRET_TYPE = 'bootstrap.kubernetes.io/token';
const GROUP = 'system:bootstrappers';
/** auth-extra-groups may name groups below system:bootstrappers only. */
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

export function parseBootstrapToken(text: string): BootstrapToken | undefined {
  const [, id, secret] = FORM.exec(text) ?? [];
  return id !== undefined && secret !== undefined ? { id, secret } : undefined;
}

export const formatBootstrapToken = ({ id, secret }: BootstrapToken): string => `${id}.${secret}`;

/** Bytes at or above the largest multiple of the alphabet's length are drawn again, so that all characters are equally likely. */
function randomText(length: number): string {
  const limit = 256 - (256 % ALPHABET.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) if (byte < limit && text.length < length) text += ALPHABET[byte % ALPHABET.length];
  }
  return text;
}

export const createBootstrapToken = (): BootstrapToken => ({ id: randomText(6), secret: randomText(16) });

export interface BootstrapSecretOptions {
  readonly description?: string;
  /** Milliseconds since the epoch; absent: the token does not expire. */
  readonly expiresMs?: number;
  readonly extraGroups?: readonly string[];
}

/** The Secret that makes the token valid: `kube-system/bootstrap-token-<id>`. */
export function bootstrapTokenSecret(token: BootstrapToken, options: BootstrapSecretOptions = {}): Secret {
  const values: Record<string, string | undefined> = {
    'token-id': token.id,
    'token-secret': token.secret,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    description: options.description,
    expiration: options.expiresMs === undefined ? undefined : rfc3339(options.expiresMs),
    'auth-extra-groups': options.extraGroups?.join(','),
  };
  const data: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) data[key] = Buffer.from(value).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${token.id}`, namespace: 'kube-system' },
    type: SECRET_TYPE,
    data,
  };
}

const sameSecret = (a: string, b: string) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/**
 * Who a bootstrap token stands for: user `system:bootstrap:<id>` in `system:bootstrappers`. undefined when there is no such token, or
 * it is expired, is not for authentication, or its Secret is malformed. (Kubernetes: Authenticating with Bootstrap Tokens.)
 */
export function bootstrapUser(reader: ObjectReader, token: BootstrapToken, nowMs: number): UserInfo | undefined {
  const stored = reader.get<Secret>('secrets', 'kube-system', `bootstrap-token-${token.id}`);
  if (stored?.type !== SECRET_TYPE || stored.metadata?.deletionTimestamp) return undefined;
  const value = (key: string) => Buffer.from(stored.data?.[key] ?? '', 'base64').toString();
  if (value('token-id') !== token.id || !sameSecret(value('token-secret'), token.secret)) return undefined;
  if (value('usage-bootstrap-authentication') !== 'true') return undefined;
  const expiration = value('expiration');
  // NaN, an expiration that does not parse, counts as expired.
  if (expiration && !(Date.parse(expiration) > nowMs)) return undefined;
  const extra = value('auth-extra-groups').split(',').filter(Boolean);
  if (!extra.every((group) => EXTRA_GROUP.test(group))) return undefined;
  return { name: `system:bootstrap:${token.id}`, groups: [...new Set([GROUP, ...extra])] };
}

/** Bootstrap tokens, which are for the API server alone: of the audiences asked for, those that it answers to. */
export function bootstrapSource(options: { reader: ObjectReader; apiAudiences: readonly string[]; clock: Clock }): TokenSource {
  const { reader, apiAudiences, clock } = options;
  return (text, asked) => {
    const token = parseBootstrapToken(text);
    const user = token && bootstrapUser(reader, token, clock.now());
    const audiences = apiAudiences.filter((audience) => asked.includes(audience));
    return user && audiences.length > 0 ? { user, audiences } : undefined;
  };
}
