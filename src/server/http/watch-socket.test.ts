import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { decodeProtobuf, PROTOBUF } from '../../api/protobuf/index.ts';
import { type FakeServer, serve } from './fake-server.ts';

const MAPS = '/api/v1/namespaces/default/configmaps';

let fake: FakeServer;
const sockets: WebSocket[] = [];
beforeEach(async () => {
  fake = await serve();
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await fake.stop();
});

interface Message {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
}

function connect(path: string, { headers = {}, protocols = [] }: { headers?: object; protocols?: string[] } = {}) {
  const all = { authorization: 'me', ...headers };
  const socket = new WebSocket(`wss://127.0.0.1:${fake.port}${path}`, protocols, { headers: all, rejectUnauthorized: false });
  sockets.push(socket);
  socket.on('error', () => {});
  const messages: Message[] = [];
  socket.on('message', (bytes: Buffer, isBinary) => void messages.push({ bytes, isBinary }));
  return { socket, messages };
}

const create = (name: string) => fake.call(MAPS, { method: 'POST', body: JSON.stringify({ metadata: { name }, data: { k: 'v' } }) });

async function received(messages: readonly Message[], socket: WebSocket, count: number): Promise<void> {
  while (messages.length < count) await once(socket, 'message');
}

it('tells each event in a message of text', async () => {
  await create('a');
  const { socket, messages } = connect(`${MAPS}?watch=1&resourceVersion=0`);
  await received(messages, socket, 1);
  await fake.call(`${MAPS}/a`, { method: 'DELETE' });
  await received(messages, socket, 2);
  expect(messages.map(({ isBinary }) => isBinary)).toEqual([false, false]);
  const events = messages.map(({ bytes }) => JSON.parse(bytes.toString()));
  expect(events).toMatchObject([
    { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } } },
    { type: 'DELETED', object: { metadata: { name: 'a' } } },
  ]);
});

it('tells protobuf in binary messages, and agrees on the protocol that is offered', async () => {
  await create('a');
  const { socket, messages } = connect(`${MAPS}?watch=1&resourceVersion=0`, {
    headers: { accept: `${PROTOBUF};stream=watch` },
    protocols: ['binary.k8s.io'],
  });
  await received(messages, socket, 1);
  expect(socket.protocol).toBe('binary.k8s.io');
  expect(messages[0]?.isBinary).toBe(true);
  const bytes = messages[0]?.bytes as Buffer;
  expect(bytes.subarray(0, 7)).toEqual(Buffer.from('\n\x05ADDED'));
  expect(decodeProtobuf(bytes.subarray(bytes.indexOf('k8s\0'))).metadata?.name).toBe('a');
});

it('closes the socket when the watch ends, and hears when the client leaves', async () => {
  const { socket } = connect(`${MAPS}?watch=1&timeoutSeconds=1`);
  const [code] = await once(socket, 'close');
  expect(code).toBe(1000);
  const { socket: other } = connect(`${MAPS}?watch=1`);
  await once(other, 'open');
  const watching = async () => (await fake.call('/metrics')).text.match(/^apiserver_longrunning_requests{verb="WATCH".* (\d+)$/m)?.[1];
  expect(await watching()).toBe('1');
  other.close();
  await once(other, 'close');
  await expect.poll(watching).toBe('0');
});

it('counts who asks for what is deprecated', async () => {
  const { socket } = connect('/api/v1/endpoints?watch=1');
  await once(socket, 'open');
  expect((await fake.call('/metrics')).text).toContain('apiserver_requested_deprecated_apis{group="",version="v1",resource="endpoints"');
});

it('refuses what is wrong before the socket is taken', async () => {
  const { socket } = connect(`${MAPS}?watch=1&resourceVersion=abc`);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe((await fake.call(`${MAPS}?watch=1&resourceVersion=abc`)).code);
  expect(response.statusCode).toBe(500);
});
