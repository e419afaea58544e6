import { afterAll, beforeAll, expect, it } from 'vitest';
import { cronTabs } from '../crd/fake-crds.ts';
import { type FakeServer, serveCustomResources } from './fake-server.ts';

const CRONTABS = '/apis/stable.example.com/v1/namespaces/default/crontabs';

let server: FakeServer;
beforeAll(async () => {
  server = await serveCustomResources();
  const body = JSON.stringify(cronTabs());
  await server.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { method: 'POST', body });
  while ((await server.call(CRONTABS)).code !== 200);
});
afterAll(async () => {
  await server.stop();
});

it('lists of custom resources say that nothing continues them', async () => {
  const custom = JSON.parse((await server.call(CRONTABS)).text);
  expect(custom.metadata).toMatchObject({ continue: '' });
  const built = JSON.parse((await server.call('/api/v1/namespaces/default/configmaps')).text);
  expect(built.metadata).not.toHaveProperty('continue');
});

it('a part that a custom resource does not have is the resource that is not found', async () => {
  const { code, text } = await server.call(`${CRONTABS}/a/nothing`);
  expect(code).toBe(404);
  expect(JSON.parse(text)).toMatchObject({
    message: 'crontabs.stable.example.com "a" not found',
    details: { name: 'a', group: 'stable.example.com', kind: 'crontabs' },
  });
});
