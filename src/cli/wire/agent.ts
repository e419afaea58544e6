import type { Ambient } from './ambient.ts';
import { joinCluster } from './joined-node.ts';
import { assembleNode } from './node.ts';
import { ownAddresses } from './node-address.ts';
import { runProcess } from './process.ts';
import type { NodeSettings } from './settings.ts';

/** Everything that `minik agent` takes: what the cluster is like, it learns from the server. */
export interface AgentOptions extends Omit<NodeSettings, 'clusterCidr' | 'serviceCidr' | 'clusterDns' | 'clusterDomain' | 'nodeIp'> {
  /** Absent: the machine's own. */
  readonly nodeIp?: readonly string[];
  readonly join: string;
  readonly token: string;
}

/** Joins the cluster and runs this machine's node until the process is told to stop. */
export async function runAgent(options: AgentOptions, ambient: Ambient): Promise<void> {
  const { clock, log } = ambient;
  const { join: server, token, nodeName, dataDir } = options;
  const { signal } = new AbortController();
  const { caPem, cluster, transport, certificate } = await joinCluster({ server, token, nodeName, dataDir, signal }, ambient);
  using _transport = transport;
  log.info({ server, node: nodeName }, 'joined the cluster');
  const nodeIp = options.nodeIp ?? ownAddresses(cluster.clusterCidr);
  const node = await assembleNode(
    { ...options, ...cluster, nodeIp },
    { transport, caPem, certificate, onRequest: transport.onRequest },
    ambient,
  );
  try {
    await runProcess([certificate, node.component], { clock, log, ready: () => log.info({ node: nodeName }, 'the node is up') });
  } finally {
    node.close();
  }
}
