import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024;

function fetchUnverified(url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    // The answer is believed only for the hash that the token carries: TLS proves nothing yet.
    const call = request(url, { rejectUnauthorized: false, signal: limit }, (response) => {
      readAnswer(url, response).then(resolve, reject);
    });
    call.on('error', reject);
    call.end();
  });
}

async function readAnswer(url: URL, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (response.statusCode !== 200) throw new Error(`${url} answered ${response.statusCode}`);
  return Buffer.concat(chunks).toString('utf8');
}

function fingerprint(url: URL, pem: string): string {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  } catch (cause) {
    throw new Error(`${url} answered with something that is no certificate`, { cause });
  }
}

/** The cluster's CA certificate (PEM) from the server's /cacerts, when its SHA-256 is the one in the join token. Rejects otherwise. */
export async function fetchClusterCa(server: string, caHash: string, { signal }: { signal: AbortSignal }): Promise<string> {
  const url = new URL('/cacerts', server);
  const pem = await fetchUnverified(url, signal);
  if (fingerprint(url, pem) !== caHash)
    throw new Error(`the server at ${server} is not the one that the token was made for: its CA has another fingerprint`);
  return pem;
}
