import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { distinctHeaders } from './distinct-headers.ts';

const server = createServer((request, reply) => void reply.end(JSON.stringify(distinctHeaders(request as never))));
let client: ClientHttp2Session;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(() => {
  client.close();
  server.close();
});

it('tells repeated headers apart over HTTP/2 too', async () => {
  const stream = client.request({ ':path': '/', 'impersonate-user': 'jo', 'impersonate-group': ['a', 'b, c'] });
  const text = Buffer.concat(await stream.toArray()).toString();
  expect(JSON.parse(text)).toMatchObject({ 'impersonate-user': ['jo'], 'impersonate-group': ['a', 'b, c'] });
});
