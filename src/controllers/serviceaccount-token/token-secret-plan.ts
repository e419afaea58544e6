import type { Secret, ServiceAccount } from '../../api/schema/generated/types.ts';

const TOKEN_SECRET_TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';

/** `namespace/name` of the account that the Secret is to hold a token of; undefined: it is another kind of Secret. */
export function accountOf(secret: Secret): string | undefined {
  const name = secret.type === TOKEN_SECRET_TYPE ? secret.metadata?.annotations?.[NAME] : undefined;
  return name ? `${secret.metadata?.namespace}/${name}` : undefined;
}

/** Is this the account that the Secret was made for, and not another one under the same name? */
function isOwnedBy(secret: Secret, account: ServiceAccount | undefined): account is ServiceAccount {
  const uid = secret.metadata?.annotations?.[UID];
  return account !== undefined && (!uid || uid === account.metadata?.uid);
}

/** What the Secret is to become. `needsToken`: it has none, and one for the account is to be put into `data.token`. */
export interface FillPlan {
  readonly do: 'fill';
  readonly secret: Secret;
  readonly account: ServiceAccount;
  readonly needsToken: boolean;
}

export type TokenSecretPlan = { readonly do: 'nothing' | 'delete' } | FillPlan;

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/**
 * Gives the Secret the CA and its namespace, and says whose it is (Kubernetes: "Manually create an API token for a
 * ServiceAccount"). One whose account is not there, or is another under the same name, goes.
 */
export function planTokenSecret(secret: Secret, account: ServiceAccount | undefined, caPem: string): TokenSecretPlan {
  if (!isOwnedBy(secret, account)) return { do: 'delete' };
  const { namespace = '', annotations } = secret.metadata ?? {};
  const data = { ...secret.data, 'ca.crt': base64(caPem), namespace: secret.data?.namespace ?? base64(namespace) };
  const needsToken = !secret.data?.token;
  const isWhole = !needsToken && data['ca.crt'] === secret.data?.['ca.crt'] && secret.data.namespace !== undefined;
  if (isWhole && annotations?.[UID] === account.metadata?.uid) return { do: 'nothing' };
  const marks = { ...annotations, [NAME]: account.metadata?.name ?? '', [UID]: account.metadata?.uid ?? '' };
  return { do: 'fill', secret: { ...secret, metadata: { ...secret.metadata, annotations: marks }, data }, account, needsToken };
}
