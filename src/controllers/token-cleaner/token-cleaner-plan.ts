import type { Secret } from '../../api/schema/generated/types.ts';

/** RFC 3339, as Go reads it: a date and a time with a zone. */
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Milliseconds for which the token holds; 0: it has expired, as has one whose expiration cannot be read; undefined: it never does
 * (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format).
 */
export function tokenLifeMs({ data }: Secret, nowMs: number): number | undefined {
  const text = decode(data?.expiration ?? '');
  if (text === '') return undefined;
  if (text === undefined || !RFC3339.test(text)) return 0;
  return Math.max((Date.parse(text) || nowMs) - nowMs, 0);
}

function decode(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}
