import { request } from 'node:https';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024;

/** What every node of a cluster has to agree on; the server tells it to agents that join. */
export interface ClusterFacts {
  /** One range, or one of each family. */
  readonly clusterCidr: readonly string[];
  readonly serviceCidr: readonly string[];
  readonly clusterDns: string;
  readonly clusterDomain: string;
}

/** Where the server has them. */
export const CLUSTER_FACTS_PATH = '/minik/cluster';

function isFacts(value: unknown): value is ClusterFacts {
  const facts = value as Partial<ClusterFacts> | null;
  const isText = (text: unknown) => typeof text === 'string' && text !== '';
  const isRanges = (ranges: unknown) => Array.isArray(ranges) && ranges.length > 0 && ranges.every(isText);
  return [facts?.clusterCidr, facts?.serviceCidr].every(isRanges) && [facts?.clusterDns, facts?.clusterDomain].every(isText);
}

/** Asks the server, whose certificate `ca` must have signed. Rejects with a sentence when it does not answer, or not with these. */
export function fetchClusterFacts(server: string, ca: string, { signal }: { signal: AbortSignal }): Promise<ClusterFacts> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const call = request(new URL(CLUSTER_FACTS_PATH, server), { ca, signal: limit }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_BYTES) response.destroy(new Error(`${server} answered with more than ${MAX_BYTES} bytes`));
      });
      response.on('error', reject);
      response.on('end', () => {
        try {
          const facts: unknown = JSON.parse(text);
          if (response.statusCode === 200 && isFacts(facts)) return resolve(facts);
        } catch {
          // Said below: whatever it is, it is not what we asked for.
        }
        reject(new Error(`${server} does not say what its cluster is like (HTTP ${response.statusCode})`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
