import { configMaps, secrets } from '../../api/index.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { bootstrapTokens } from '../lib/secret-scopes.ts';
import { detachedSignature } from './detached-signature.ts';
import { planSignatures, signingToken } from './signatures-plan.ts';

const CLUSTER_INFO = { namespace: 'kube-public', name: 'cluster-info' };

/**
 * Signs the kubeconfig in the ConfigMap kube-public/cluster-info, where somebody made one (kubeadm does), with every bootstrap token: who knows a token can
 * tell that it is genuine (Kubernetes: Authenticating with Bootstrap Tokens, "ConfigMap signing").
 */
export const bootstrapSigner: Controller = {
  name: 'bootstrap-signer',
  reads: ['configmaps', 'secrets'],
  writes: ['configmaps'],
  workers: 1,
  scopes: {
    configmaps: { namespace: CLUSTER_INFO.namespace, fieldSelector: `metadata.name=${CLUSTER_INFO.name}` },
    secrets: bootstrapTokens,
  },
  enqueue: { secrets: () => [objectKey({ metadata: CLUSTER_INFO })] },
  async reconcile({ key, informer, client, clock, signal }) {
    const configMap = informer(configMaps).get(key);
    const content = configMap?.data?.kubeconfig;
    if (!configMap || content === undefined) return undefined;
    const tokens = informer(secrets)
      .list()
      .flatMap((secret) => signingToken(secret, clock.now()) ?? []);
    const signed = tokens.map((token) => [token.id, detachedSignature(content, token)] as const);
    const data = planSignatures(configMap.data ?? {}, new Map(signed));
    if (data) {
      // Who changed it meanwhile wakes us again.
      await client
        .update(configMaps, { ...configMap, data }, { namespace: configMap.metadata?.namespace, signal })
        .catch((error: unknown) => {
          if (!isConflict(error) && !isNotFound(error)) throw error;
        });
    }
    const expiries = tokens.flatMap((token) => (token.lifeMs === undefined ? [] : [token.lifeMs]));
    return expiries.length > 0 ? { afterMs: Math.min(...expiries) + 1 } : undefined;
  },
};
