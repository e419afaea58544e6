import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Clock } from '../base/clock.ts';
import { type Client, createClient } from '../client/client.ts';
import { httpsTransport } from '../client/https-transport.ts';
import { UsageError } from './exit.ts';

interface Kubeconfig {
  readonly clusters?: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }[];
  readonly users?: readonly { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }[];
}

export interface AdminClient extends Disposable {
  readonly client: Client;
  /** Hex SHA-256 of the cluster CA's DER. */
  readonly caHash: string;
}

/** Talks to the cluster as its administrator, by the kubeconfig that `minik server` wrote. Rejects with one sentence when it cannot be read. */
export async function openAdminClient(path: string, clock: Clock): Promise<AdminClient> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT'
      ? new Error(`there is no kubeconfig at ${path}: run this on a machine with minik server, or name the file with --kubeconfig`)
      : new Error(`the kubeconfig ${path} cannot be read: ${error.message}`);
  });
  const { server, ca, cert, key } = credentialsOf(text, path);
  const transport = httpsTransport({ server, ca, credentials: () => ({ cert, key }), clock, userAgent: 'minik-cli' });
  return {
    client: createClient(transport),
    caHash: createHash('sha256').update(new X509Certificate(ca).raw).digest('hex'),
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

/** Of the only cluster and user in it: kubeconfigs of several belong to kubectl. */
function credentialsOf(text: string, path: string): { server: string; ca: string; cert: string; key: string } {
  try {
    const { clusters, users } = parse(text) as Kubeconfig;
    const decode = (data: string) => Buffer.from(data, 'base64').toString();
    const [cluster, user] = [clusters?.[0]?.cluster, users?.[0]?.user];
    if (!cluster || !user) throw new Error('it names no cluster or no user');
    return {
      server: cluster.server,
      ca: decode(cluster['certificate-authority-data']),
      cert: decode(user['client-certificate-data']),
      key: decode(user['client-key-data']),
    };
  } catch (error) {
    throw new UsageError(`${path} is no kubeconfig of minik: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
}
