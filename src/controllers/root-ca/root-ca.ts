import { configMaps } from '../../api/core/config-map.ts';
import { namespaces } from '../../api/core/namespace.ts';
import { isAlreadyExists } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { namespaceOf, wantsContent } from '../lib/every-namespace-plan.ts';
import { planRootCa, ROOT_CA_NAME } from './root-ca-plan.ts';

/** Publishes the CA that verifies the API server, as kube-root-ca.crt in every namespace: pods mount it beside their tokens. */
export function rootCa({ caPem }: { caPem: string }): Controller {
  return {
    name: 'root-ca-certificate-publisher',
    reads: ['namespaces', 'configmaps'],
    writes: ['configmaps'],
    scopes: { configmaps: { fieldSelector: `metadata.name=${ROOT_CA_NAME}` } },
    enqueue: { configmaps: namespaceOf },
    async reconcile({ key: namespace, informer, client, signal }) {
      if (!wantsContent(informer(namespaces).get(namespace))) return;
      const plan = planRootCa(informer(configMaps).get(`${namespace}/${ROOT_CA_NAME}`), namespace, caPem);
      if (plan.do === 'update') await client.update(configMaps, plan.object, { namespace, signal });
      if (plan.do !== 'create') return;
      await client.create(configMaps, plan.object, { namespace, signal }).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error;
      });
    },
  };
}
