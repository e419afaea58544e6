import { secrets, serviceAccounts } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Secret, ServiceAccount } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { accountTokens } from '../lib/secret-scopes.ts';
import { accountOf, type FillPlan, planTokenSecret } from './token-secret-plan.ts';

/** Signs a token without end that holds as long as its Secret. Only the server has the key. */
export type LegacyTokenIssuer = (claims: {
  readonly namespace: string;
  readonly serviceaccount: { readonly name: string; readonly uid: string };
  readonly secret: { readonly name: string };
}) => Promise<string>;

const ACCOUNT_INDEX = 'service account';
const keyOf = ({ metadata }: Secret) => `${metadata?.namespace}/${metadata?.name}`;

async function findAccount(key: string, { client, informer, signal }: ReconcileRequest): Promise<ServiceAccount | undefined> {
  const known = informer(serviceAccounts).get(key);
  if (known) return known;
  // The account may be on its way into the informer, and what follows cannot be taken back.
  const [namespace = '', name = ''] = key.split('/');
  return client.get(serviceAccounts, name, { namespace, signal }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
}

/** The Secret that is wanted, with a token in it. */
async function filled({ secret, account, needsToken }: FillPlan, issue: LegacyTokenIssuer): Promise<Secret> {
  if (!needsToken) return secret;
  const { namespace = '', name = '' } = secret.metadata ?? {};
  const serviceaccount = { name: account.metadata?.name ?? '', uid: account.metadata?.uid ?? '' };
  const token = await issue({ namespace, serviceaccount, secret: { name } });
  return { ...secret, data: { ...secret.data, token: Buffer.from(token).toString('base64') } };
}

/**
 * Puts a token into every Secret of type kubernetes.io/service-account-token, and removes such Secrets with their account.
 */
export const serviceAccountToken = ({ caPem, issueToken }: { caPem: string; issueToken: LegacyTokenIssuer }): Controller => ({
  name: 'serviceaccount-token',
  reads: ['secrets', 'serviceaccounts'],
  writes: ['secrets'],
  scopes: { secrets: accountTokens },
  indexes: { secrets: { [ACCOUNT_INDEX]: (secret: Secret) => [accountOf(secret) ?? []].flat() } },
  enqueue: {
    secrets: (secret) => (accountOf(secret as Secret) ? [keyOf(secret as Secret)] : []),
    serviceaccounts: ({ metadata }, { informer }) =>
      informer(secrets).by(ACCOUNT_INDEX, `${metadata?.namespace}/${metadata?.name}`).map(keyOf),
  },
  async reconcile(request) {
    const { key, client, informer, signal } = request;
    const secret = informer(secrets).get(key);
    const account = secret && accountOf(secret);
    if (!secret || account === undefined || secret.metadata?.deletionTimestamp) return;
    const plan = planTokenSecret(secret, await findAccount(account, request), caPem);
    const { namespace, name = '', uid } = secret.metadata ?? {};
    if (plan.do === 'fill') await client.update(secrets, await filled(plan, issueToken), { namespace, signal });
    if (plan.do !== 'delete') return;
    await client.delete(secrets, name, { namespace, delete: { preconditions: { uid } }, signal }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  },
});
