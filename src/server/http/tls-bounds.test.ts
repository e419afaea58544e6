import { once } from 'node:events';
import { type ConnectionOptions, connect } from 'node:tls';
import { afterEach, expect, it } from 'vitest';
import { TEST_CERT, TEST_KEY } from './fake-certificate.ts';
import { type FakeServer, serve } from './fake-server.ts';
import type { TlsBounds } from './https-server.ts';

let server: FakeServer;
afterEach(() => server.stop());

const serveWithin = async (bounds: TlsBounds) => {
  server = await serve({ tls: { bounds, current: () => ({ key: TEST_KEY, cert: TEST_CERT, ca: TEST_CERT }) } });
};

/** The version and suite that come about, or why none does. */
async function agreed(options: ConnectionOptions): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    return `${socket.getProtocol()} ${socket.getCipher().name}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}
const ONLY_12 = { maxVersion: 'TLSv1.2' } as const;

it('speaks no version below the least', async () => {
  await serveWithin({ minVersion: 'TLSv1.3' });
  expect(await agreed({})).toMatch(/^TLSv1.3 /);
  expect(await agreed(ONLY_12)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
});

it('takes the suites that it is told, and those of TLS 1.3', async () => {
  const suites = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'];
  await serveWithin({ suites });
  expect(suites.map((suite) => `TLSv1.2 ${suite}`)).toContain(await agreed(ONLY_12));
  expect(await agreed({ ...ONLY_12, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384' })).toMatch(/HANDSHAKE_FAILURE/);
  expect(await agreed({})).toMatch(/^TLSv1.3 /);
});
