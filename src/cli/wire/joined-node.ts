import { join } from 'node:path';
import { fetchClusterCa } from '../../agent/join/cluster-ca.ts';
import { type ClusterFacts, fetchClusterFacts } from '../../agent/join/cluster-facts.ts';
import { createNodeCertificate, type NodeCertificate } from '../../agent/join/node-certificate.ts';
import { createClient } from '../../client/client.ts';
import { type HttpsTransport, httpsTransport } from '../../client/https-transport.ts';
import { formatBootstrapToken } from '../../server/authn/bootstrap-token.ts';
import { parseJoinToken } from '../../server/authn/join-token.ts';
import { UsageError } from '../exit.ts';
import type { Ambient } from './api-server.ts';
import { pathsOf } from './paths.ts';

export interface Membership {
  readonly caPem: string;
  readonly cluster: ClusterFacts;
  /** The node's own door to the API server. */
  readonly transport: HttpsTransport;
  /** Renews the node's identity while it runs. */
  readonly certificate: NodeCertificate;
}

const sentence = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * Joins the cluster: checks the server's CA against the token, then asks for the node's own certificate with it, or takes the one from an earlier run. Rejects
 * with UsageError when the token or the server is not right.
 */
export async function joinCluster(
  { server, token, nodeName, dataDir, signal }: { server: string; token: string; nodeName: string; dataDir: string; signal: AbortSignal },
  { clock, random, log }: Ambient,
): Promise<Membership> {
  const parsed = parseJoinToken(token);
  if (!parsed?.caHash) throw new UsageError('the token is not a join token: `minik token create` on the server prints one (K10…)');
  const caPem = await fetchClusterCa(server, parsed.caHash, { signal }).catch((error: unknown) => {
    throw new UsageError(`cannot join ${server}: ${sentence(error)}`, { cause: error });
  });
  const bootstrapToken = formatBootstrapToken(parsed);
  const certificate: NodeCertificate = createNodeCertificate({
    purpose: 'client',
    nodeName,
    names: [],
    directory: join(pathsOf(dataDir).agentDir, 'pki'),
    client: () => createClient(transport),
    clock,
    random,
    log,
  });
  const transport = httpsTransport({
    server,
    ca: caPem,
    credentials: () => certificate.current() ?? { token: bootstrapToken },
    clock,
    userAgent: 'minik-agent',
  });
  try {
    await certificate.obtain({ signal });
    return { caPem, cluster: await fetchClusterFacts(server, caPem, { signal }), transport, certificate };
  } catch (error) {
    transport[Symbol.dispose]();
    throw new UsageError(`cannot join ${server}: ${sentence(error)}`, { cause: error });
  }
}
