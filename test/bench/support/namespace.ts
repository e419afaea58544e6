import { configMaps, namespaces, serviceAccounts } from '../../../src/api/index.ts';
import type { Client } from '../../../src/client/client.ts';
import { eventually } from '../../e2e/support/poll.ts';

/** With what its controllers put there: pods are admitted once it has its service account. */
export async function createNamespace(client: Client, name: string, signal: AbortSignal): Promise<void> {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
  await eventually(`service account of ${name}`, () => client.get(serviceAccounts, 'default', { namespace: name, signal }));
  await eventually(`CA of ${name}`, () => client.get(configMaps, 'kube-root-ca.crt', { namespace: name, signal }));
}
