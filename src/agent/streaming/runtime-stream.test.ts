import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import type { Runtime } from '../../runtime/runtime.ts';
import type { PodDirectory } from './pod-directory.ts';
import { parseStreamPath, passToRuntime } from './runtime-stream.ts';

const directory = { sandboxId: () => 'sandbox' } as unknown as PodDirectory;

/** Asks for a port-forward of a pod; gives the ports that the runtime is asked for. */
async function forwarded(upgrade: string, query: string): Promise<number[]> {
  const streams = createServer((socket) => void socket.on('data', () => socket.end()));
  streams.listen(0, '127.0.0.1');
  await once(streams, 'listening');
  const asked: number[] = [];
  const runtime = {
    async portForward(_sandbox: string, ports: number[]) {
      asked.push(...ports);
      return `http://127.0.0.1:${(streams.address() as AddressInfo).port}/portforward/token`;
    },
  } as unknown as Runtime;
  const path = parseStreamPath('/portForward/default/web');
  if (!path) throw new Error('no path of a stream');
  const raw = { method: 'GET', headers: { upgrade }, rawHeaders: ['Upgrade', upgrade] } as unknown as IncomingMessage;
  const [, socket] = duplexPair();
  const { signal } = new AbortController();
  try {
    await passToRuntime(path, new URLSearchParams(query), { raw, socket, head: Buffer.alloc(0), runtime, directory, signal });
    return asked;
  } finally {
    streams.close();
  }
}

test('a WebSocket says in its query which ports it forwards', async () => {
  expect(await forwarded('websocket', 'port=80,81&port=443')).toEqual([80, 81, 443]);
});

test('a SPDY connection says it with its streams', async () => {
  expect(await forwarded('SPDY/3.1', '')).toEqual([]);
});

test.each([
  ['', 'query parameter "port" is required'],
  ['port=', 'query parameter "port" cannot be empty'],
  ['port=80,http', 'unable to parse "80,http" as a port: strconv.ParseUint: parsing "http": invalid syntax'],
  ['port=65536', 'unable to parse "65536" as a port: strconv.ParseUint: parsing "65536": value out of range'],
  ['port=0', 'port "0" must be > 0'],
])('a WebSocket with %j is refused', async (query, message) => {
  await expect(forwarded('websocket', query)).rejects.toMatchObject({ code: 400, message });
});
