import type { Secret } from '../../api/schema/generated/types.ts';

const PREFIX = 'jws-kubeconfig-';

export interface SigningToken {
  readonly id: string;
  readonly secret: string;
  /** Milliseconds until it expires; undefined: never. */
  readonly lifeMs: number | undefined;
}

/** The token of a Secret, when it is good for signing: whole, of that use, and not expired. */
export function signingToken({ metadata, data = {} }: Secret, nowMs: number): SigningToken | undefined {
  const text = (key: string) => {
    try {
      return atob(data[key] ?? '');
    } catch {
      return '';
    }
  };
  const [id, secret, expiration] = [text('token-id'), text('token-secret'), text('expiration')];
  if (!id || !secret || metadata?.name !== `bootstrap-token-${id}` || text('usage-bootstrap-signing') !== 'true') return undefined;
  const lifeMs = expiration ? Date.parse(expiration) - nowMs : undefined;
  return lifeMs !== undefined && !(lifeMs > 0) ? undefined : { id, secret, lifeMs };
}

/** The ConfigMap's data with exactly these signatures, by token id; undefined when it has them. */
export function planSignatures(
  data: Readonly<Record<string, string>>,
  signatures: ReadonlyMap<string, string>,
): Record<string, string> | undefined {
  const others = Object.entries(data).filter(([key]) => !key.startsWith(PREFIX));
  const wanted = [...signatures].map(([id, signature]) => [`${PREFIX}${id}`, signature] as const);
  const isSame = others.length + wanted.length === Object.keys(data).length && wanted.every(([key, signature]) => data[key] === signature);
  return isSame ? undefined : Object.fromEntries([...others, ...wanted]);
}
