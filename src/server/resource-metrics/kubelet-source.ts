import type { IncomingMessage } from 'node:http';
import { refusalOf } from '../outbound/server-response.ts';
import type { Dialer } from '../tunnel/kubelet.ts';
import type { ReadNode } from './sampler.ts';

const PATH = '/metrics/resource';
const HTTP_OK = 200;

/** The node's own kubelet, by the same way as logs and exec. */
export const kubeletSource =
  (dialer: Dialer): ReadNode =>
  async (nodeName, { signal }) => {
    const response = await dialer.request(dialer.nodeTarget(nodeName), {
      method: 'GET',
      path: PATH,
      headers: { accept: 'text/plain' },
      signal,
    });
    const text = await readAll(response);
    if (response.statusCode !== HTTP_OK) throw refusalOf(response, text);
    return text;
  };

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
