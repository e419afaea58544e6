import { stringify } from 'yaml';
import type { KeyPair } from './certificate.ts';

export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443` */
  readonly server: string;
  readonly caPem: string;
  readonly user: KeyPair;
  /** Names cluster, user and context alike; `default` as k3s does. */
  readonly clusterName?: string;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with everything embedded, as YAML. It holds a private key: write it 0600. */
export function kubeconfig({ server, caPem, user, clusterName = 'default' }: KubeconfigOptions): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: clusterName, cluster: { 'certificate-authority-data': base64(caPem), server } }],
      contexts: [{ name: clusterName, context: { cluster: clusterName, user: clusterName } }],
      'current-context': clusterName,
      preferences: {},
      users: [
        {
          name: clusterName,
          user: { 'client-certificate-data': base64(user.certPem), 'client-key-data': base64(user.keyPem) },
        },
      ],
    },
    { lineWidth: 0 },
  );
}
