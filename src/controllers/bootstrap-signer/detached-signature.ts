import { createHmac } from 'node:crypto';

const base64url = (text: string) => Buffer.from(text).toString('base64url');

/** A JWS (RFC 7515) by HMAC SHA-256 whose payload is left out: `header..signature`. */
export function detachedSignature(content: string, { id, secret }: { readonly id: string; readonly secret: string }): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}
