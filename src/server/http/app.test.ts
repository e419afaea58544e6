import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

it.each<[string, string, string | null, string | null]>([
  ['/api', 'application/json', null, null],
  ['/apis', AGGREGATED, 'public', 'Accept'],
  ['/openapi/v2', 'application/json', null, 'Accept-Encoding, Accept'],
  ['/openapi/v3/apis/apps/v1', 'application/json', null, 'Accept'],
  ['/openapi/v3/apis/apps/v1?hash=x', 'application/json', 'public, immutable', 'Accept'],
])('%s as %s may be kept as upstream lets it', async (path, contentType, cacheControl, vary) => {
  const bytes = new TextEncoder().encode('{}');
  const documents = [() => ({ bytes, etag: '"x"', contentType })];
  const server = createServer(createApp({ documents, ready: [], live: [], metrics: {} }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  expect([headers.get('cache-control'), headers.get('vary'), headers.get('etag')]).toEqual([cacheControl, vary, vary && '"x"']);
  server.close();
});
