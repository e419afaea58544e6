import { namespaces } from '../../api/core/namespace.ts';
import { serviceAccounts } from '../../api/core/service-account.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { namespaceOf } from '../lib/every-namespace-plan.ts';
import { DEFAULT_ACCOUNT, planDefaultAccount } from './serviceaccount-plan.ts';

/** Every namespace has a ServiceAccount named default (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/). */
export const serviceAccount: Controller = {
  name: 'serviceaccount',
  reads: ['namespaces', 'serviceaccounts'],
  writes: ['serviceaccounts'],
  enqueue: { serviceaccounts: (object) => (object.metadata?.name === DEFAULT_ACCOUNT ? namespaceOf(object) : []) },
  async reconcile({ key: namespace, informer, client, signal }) {
    const found = informer(serviceAccounts).get(`${namespace}/${DEFAULT_ACCOUNT}`);
    const account = planDefaultAccount(informer(namespaces).get(namespace), found);
    if (!account) return;
    await client.create(serviceAccounts, account, { namespace, signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  },
};
