import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:https';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024;

function fetchUnverified(url: URL, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    // The answer is believed only for the hash that the token carries: TLS proves nothing yet.
    const call = request(url, { rejectUnauthorized: false, signal: limit }, async (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of response) {
        size += chunk.length;
        if (size > MAX_BYTES) return reject(new Error(`${url} answered with more than ${MAX_BYTES} bytes`));
        chunks.push(chunk);
      }
      if (response.statusCode !== 200) return reject(new Error(`${url} answered ${response.statusCode}`));
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    call.on('error', reject);
    call.end();
  });
}

/** The cluster's CA certificate (PEM) from the server's /cacerts, when its SHA-256 is the one in the join token. Rejects otherwise. */
export async function fetchClusterCa(server: string, caHash: string, { signal }: { signal: AbortSignal }): Promise<string> {
  const pem = await fetchUnverified(new URL('/cacerts', server), signal);
  const hash = createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  if (hash !== caHash)
    throw new Error(`the server at ${server} is not the one that the token was made for: its CA has another fingerprint`);
  return pem;
}
