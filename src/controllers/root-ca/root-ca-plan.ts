import type { ConfigMap } from '../../api/schema/generated/types.ts';

export const ROOT_CA_NAME = 'kube-root-ca.crt';
const FILE = 'ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const TEXT =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export type RootCaPlan = { readonly do: 'nothing' } | { readonly do: 'create' | 'update'; readonly object: ConfigMap };

/** The ConfigMap holds the CA and nothing else; what somebody changed in it is put back. */
export function planRootCa(found: ConfigMap | undefined, namespace: string, caPem: string): RootCaPlan {
  const data = { [FILE]: caPem };
  if (!found) {
    const metadata = { name: ROOT_CA_NAME, namespace, annotations: { [DESCRIPTION]: TEXT } };
    return { do: 'create', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } };
  }
  const isRight = found.data?.[FILE] === caPem && Object.keys(found.data).length === 1 && found.metadata?.annotations?.[DESCRIPTION];
  if (isRight) return { do: 'nothing' };
  const annotations = { ...found.metadata?.annotations, [DESCRIPTION]: TEXT };
  return { do: 'update', object: { ...found, metadata: { ...found.metadata, annotations }, data } };
}
