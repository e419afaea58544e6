import { namespaces } from '../../api/core/namespace.ts';
import { serviceAccounts } from '../../api/core/service-account.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { namespaceOf, wantsContent } from '../lib/every-namespace-plan.ts';

const NAME = 'default';

/** Every namespace has a ServiceAccount named default (https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/). */
export const serviceAccount: Controller = {
  name: 'serviceaccount',
  reads: ['namespaces', 'serviceaccounts'],
  writes: ['serviceaccounts'],
  enqueue: { serviceaccounts: (object) => (object.metadata?.name === NAME ? namespaceOf(object) : []) },
  async reconcile({ key: namespace, informer, client, signal }) {
    const owner = informer(namespaces).get(namespace);
    if (!wantsContent(owner) || informer(serviceAccounts).get(`${namespace}/${NAME}`)) return;
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace } };
    await client.create(serviceAccounts, object, { namespace, signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  },
};
