import { configMaps, namespaces, serviceAccounts } from '../../../src/api/index.ts';
import { eventually } from '../../e2e/support/poll.ts';
import type { Server } from './server.ts';

/** With what minik's controllers put there: its pods are admitted once it has its service account. */
export async function createNamespace({ client, isMinik }: Server, name: string, signal: AbortSignal): Promise<void> {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
  if (!isMinik) return;
  await eventually(`service account of ${name}`, () => client.get(serviceAccounts, 'default', { namespace: name, signal }));
  await eventually(`CA of ${name}`, () => client.get(configMaps, 'kube-root-ca.crt', { namespace: name, signal }));
}
