import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { deadline, TOO_LATE } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { ExtenderConfiguration, ExtenderTls, PemSource } from '../../scheduler/extenders/extender-config.ts';
import type { AskExtender } from '../../scheduler/extenders/extenders.ts';
import { type Peer, send } from '../../server/outbound/connection.ts';
import { readText } from '../../server/outbound/outbound.ts';
import { OutboundAgent } from '../../server/outbound/outbound-agent.ts';
import { inGoWords } from '../../server/outbound/outbound-error.ts';

/** Of a cluster of thousands of nodes, as an extender sends them back. */
const ANSWER_LIMIT_BYTES = 256 * 1024 * 1024;
/** Connections that nobody uses are closed after this time. */
const IDLE_MS = 90_000;

/** The extender with its certificates and keys read, as they are when the scheduler starts. Rejects with node's error for a file that cannot be read. */
export async function withFilesRead(extender: ExtenderConfiguration): Promise<ExtenderConfiguration> {
  const { ca, cert, key } = extender.tls;
  const [caRead, certRead, keyRead] = await Promise.all([ca, cert, key].map(read));
  return { ...extender, tls: { ...extender.tls, ca: caRead, cert: certRead, key: keyRead } };
}

const read = async (source: PemSource | undefined): Promise<PemSource | undefined> =>
  source && 'file' in source ? { pem: await readFile(source.file, 'utf8') } : source;

/** Calls extenders over HTTP or HTTPS, by connections that are kept. Rejects with an Error in the words of upstream's client. */
export function extenderCalls(clock: Clock): AskExtender {
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agents = { 'http:': new Agent(kept), 'https:': new OutboundAgent({ ...kept, clock }) };

  return async (extender, verb, body, { signal }) => {
    const url = `${extender.urlPrefix.replace(/\/+$/, '')}/${verb}`;
    const { protocol, hostname, port, pathname, host } = new URL(url);
    const isPlain = protocol === 'http:';
    const peer: Peer = {
      protocol: isPlain ? 'http:' : 'https:',
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port || (isPlain ? 80 : 443)),
      agent: agents[isPlain ? 'http:' : 'https:'],
      ...(!isPlain && { tls: tlsOf(extender.tls) }),
    };
    const content = JSON.stringify(body);
    const headers = { host, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) };
    using limit = deadline(signal, clock, extender.timeoutMs);
    try {
      const response = await send(peer, { method: 'POST', path: pathname, headers, body: content, signal: limit.signal });
      const text = await readText(response, ANSWER_LIMIT_BYTES);
      if (response.statusCode !== 200) throw new Refused(`failed ${verb} with extender at URL ${url}, code ${response.statusCode}`);
      return JSON.parse(text);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Refused || error instanceof SyntaxError) throw error;
      const isLate = limit.signal.aborted && limit.signal.reason === TOO_LATE;
      const why = isLate ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)' : inGoWords(error, peer);
      throw new Error(`Post "${url}": ${why}`, { cause: error });
    }
  };
}

/** The extender answered, and not as it should. */
class Refused extends Error {
  override readonly name = 'Refused';
}

const textOf = (source: PemSource | undefined): string | undefined => (source && 'pem' in source ? source.pem : undefined);

function tlsOf({ insecure, serverName, ca, cert, key }: ExtenderTls): NonNullable<Peer['tls']> {
  const [caText, certText, keyText] = [textOf(ca), textOf(cert), textOf(key)];
  return {
    verify: !insecure,
    ...(caText && { ca: caText }),
    ...(certText && keyText && { cert: certText, key: keyText }),
    ...(serverName && { serverName }),
  };
}
