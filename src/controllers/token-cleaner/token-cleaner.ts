import { secrets } from '../../api/core/secret.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Controller, ReconcileRequest, ReconcileResult } from '../../client/controller.ts';
import { bootstrapTokens } from '../lib/secret-scopes.ts';
import { tokenLifeMs } from './token-cleaner-plan.ts';

/** Deletes bootstrap tokens that have expired (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/). */
export const tokenCleaner: Controller = {
  name: 'token-cleaner',
  reads: ['secrets'],
  writes: ['secrets'],
  scopes: { secrets: bootstrapTokens },
  reconcile,
};

async function reconcile({ key, informer, client, clock, log, signal }: ReconcileRequest): Promise<ReconcileResult> {
  const secret = informer(secrets).get(key);
  if (!secret || secret.metadata?.deletionTimestamp) return undefined;
  const lifeMs = tokenLifeMs(secret, clock.now());
  if (lifeMs === undefined) return undefined;
  if (lifeMs > 0) return { afterMs: lifeMs };
  const { name = '', namespace, uid } = secret.metadata ?? {};
  log.info({ secret: key }, 'deleting an expired bootstrap token');
  await client.delete(secrets, name, { namespace, delete: { preconditions: { uid } }, signal }).catch((error: unknown) => {
    // Gone, or another token of that name by now.
    if (!isNotFound(error) && !isConflict(error)) throw error;
  });
  return undefined;
}
