import { request } from 'node:https';
import { expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import type { Authorizer, StreamHandler } from '../ports.ts';
import { serve } from './fake-server.ts';

const echo: StreamHandler = {
  async handle({ request: { name }, upgrade }) {
    upgrade?.socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\nhello ${name}`);
    upgrade?.socket.end();
  },
};

/** Asks for an upgrade of pods/exec; answers with the status and what came over the upgraded connection. */
async function upgradeExec(
  authorizer: Authorizer,
  streams: Record<string, StreamHandler>,
): Promise<{ code: number | undefined; text: string }> {
  const fake = await serve({ clock: fakeClock(), authenticator: async () => ({ name: 'me', groups: [] }), authorizer, streams });
  const result = await new Promise<{ code: number | undefined; text: string }>((resolve, reject) => {
    const headers = { connection: 'upgrade', upgrade: 'test' };
    const path = '/api/v1/namespaces/a/pods/p/exec?command=ls';
    const call = request({ host: '127.0.0.1', port: fake.port, path, headers, rejectUnauthorized: false });
    call.on('upgrade', async (response, socket, head) => {
      const rest = await socket.toArray();
      resolve({ code: response.statusCode, text: Buffer.concat([head, ...rest]).toString() });
    });
    call.on('response', async (response) => resolve({ code: response.statusCode, text: (await response.toArray()).join('') }));
    call.on('error', reject);
    call.end();
  });
  await fake.stop();
  return result;
}

it('hands the socket of an upgrade to the handler of the subresource', async () => {
  const result = await upgradeExec(() => ({ allowed: true, reason: '' }), { 'pods/exec': echo });
  expect(result).toEqual({ code: 101, text: 'hello p' });
});

it('refuses to open a command by GET to those who may not create it', async () => {
  const { code, text } = await upgradeExec((a) => ({ allowed: a.verb !== 'create', reason: '' }), { 'pods/exec': echo });
  expect([code, JSON.parse(text).message]).toEqual([
    403,
    'pods "p" is forbidden: User "me" cannot create resource "pods/exec" in API group "" in the namespace "a"',
  ]);
});

it('says so when nobody handles a stream', async () => {
  expect((await upgradeExec(() => ({ allowed: true, reason: '' }), {})).code).toBe(501);
});
