import type { Secret } from '../api/schema/generated/types.ts';
import { formatDuration } from './duration.ts';

/** Rows of `minik token list`: id, time left, description. Never the secret part. */
export function tokenRows(secrets: readonly Secret[], nowMs: number): string[][] {
  return secrets
    .filter((secret) => secret.type === 'bootstrap.kubernetes.io/token')
    .map((secret) => {
      const value = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString();
      return [value('token-id'), timeLeft(value('expiration'), nowMs), value('description') || '<none>'];
    })
    .sort((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1));
}

/** An expiration that does not parse counts as past, as it does when the token is used. */
function timeLeft(expiration: string, nowMs: number): string {
  if (!expiration) return '<forever>';
  const left = Date.parse(expiration) - nowMs;
  return left > 0 ? formatDuration(left) : '<expired>';
}
