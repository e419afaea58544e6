import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchClusterCa } from '../../agent/join/cluster-ca.ts';
import { type ClusterFacts, fetchClusterFacts } from '../../agent/join/cluster-facts.ts';
import { createNodeCertificate, type NodeCertificate } from '../../agent/join/node-certificate.ts';
import { unreachableBecause } from '../../agent/join/unreachable.ts';
import { ApiError } from '../../api/meta/status.ts';
import { backoff } from '../../base/backoff.ts';
import { createClient } from '../../client/client.ts';
import { type HttpsTransport, httpsTransport } from '../../client/https-transport.ts';
import { type BootstrapToken, formatBootstrapToken } from '../../server/authn/bootstrap-token.ts';
import { parseJoinToken } from '../../server/authn/join-token.ts';
import { UsageError } from '../exit.ts';
import type { Ambient } from './ambient.ts';
import { pathsOf } from './paths.ts';

export interface Membership {
  readonly caPem: string;
  readonly cluster: ClusterFacts;
  /** The node's own door to the API server. */
  readonly transport: HttpsTransport;
  /** Renews the node's identity while it runs. */
  readonly certificate: NodeCertificate;
}

export interface JoinRequest {
  readonly server: string;
  readonly token: string;
  readonly nodeName: string;
  readonly dataDir: string;
  readonly signal: AbortSignal;
}

const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;

const pkiDir = (dataDir: string) => join(pathsOf(dataDir).agentDir, 'pki');

function sentence(error: unknown): string {
  if (error instanceof ApiError && error.reason === 'Unauthorized')
    return 'it does not accept the token, which may have expired or been deleted; `minik token create` on the server prints a new one';
  return unreachableBecause(error) ?? (error instanceof Error ? error.message : String(error));
}

/**
 * Joins the cluster: checks the server's CA against the token, then asks for the node's own certificate with it, or takes the one from an earlier run.
 * Rejects with UsageError when the token or the server is not right. A machine that has joined before waits for a server that does not answer: both may
 * be starting.
 */
export async function joinCluster(request: JoinRequest, ambient: Ambient): Promise<Membership> {
  const { server, dataDir, signal } = request;
  const token = parseJoinToken(request.token);
  if (!token?.caHash) throw new UsageError('the token is not a join token: `minik token create` on the server prints one (K10…)');
  const delays = backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS });
  for (;;) {
    try {
      return await joinOnce(request, { ...token, caHash: token.caHash }, ambient);
    } catch (error) {
      const hasJoined = existsSync(join(pkiDir(dataDir), 'client.crt'));
      if (!hasJoined || !unreachableBecause(error)) throw new UsageError(`cannot join ${server}: ${sentence(error)}`, { cause: error });
      ambient.log.warn({ server, because: sentence(error) }, 'the server does not answer, trying again');
      await ambient.clock.sleep(delays.next(), { signal });
    }
  }
}

async function joinOnce(
  { server, nodeName, dataDir, signal }: JoinRequest,
  token: BootstrapToken & { caHash: string },
  { clock, random, log }: Ambient,
): Promise<Membership> {
  const caPem = await fetchClusterCa(server, token.caHash, { signal });
  const bootstrapToken = formatBootstrapToken(token);
  const certificate: NodeCertificate = createNodeCertificate({
    purpose: 'client',
    nodeName,
    names: [],
    directory: pkiDir(dataDir),
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
    userAgent: 'kubelet',
  });
  try {
    await certificate.obtain({ signal });
    return { caPem, cluster: await fetchClusterFacts(server, caPem, { signal }), transport, certificate };
  } catch (error) {
    transport[Symbol.dispose]();
    throw error;
  }
}
