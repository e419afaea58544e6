import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { requestAuthenticator } from './credentials.ts';

it('takes the last of several common names, as Go does', async () => {
  const authenticate = requestAuthenticator({
    authenticator: async ({ certificate }) => ({ name: certificate?.commonName ?? '', groups: [] }),
    clock: fakeClock(),
  });
  const subject = { CN: ['first', 'last'], O: 'dev' };
  const socket = { authorized: true, getPeerCertificate: () => ({ subject }) };
  expect(await authenticate({ socket, headers: {} } as unknown as IncomingMessage)).toMatchObject({ name: 'last' });
});
