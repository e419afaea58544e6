import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeServer, serve, serveCustomResources } from './fake-server.ts';

const PODS = '/api/v1/namespaces/default/pods';
const json = { 'content-type': 'application/json' };

describe('of a kind that is built in', () => {
  let server: FakeServer;
  beforeAll(async () => {
    server = await serve({ authorizer: ({ user }) => ({ allowed: user.name === 'me', reason: '' }) });
  });
  afterAll(() => server.stop());

  it.each([
    ['HEAD', PODS, 405],
    ['HEAD', `${PODS}?watch=1`, 405],
    ['HEAD', '/api/v1/watch/namespaces/default/pods', 405],
    ['HEAD', `${PODS}/a`, 405],
    ['HEAD', `${PODS}/a/status`, 405],
    ['HEAD', `${PODS}/a/log`, 405],
    ['HEAD', `${PODS}/a/exec`, 405],
    ['HEAD', '/apis/apps/v1/namespaces/default/deployments/a/scale', 405],
    ['HEAD', '/api/v1/pods/a', 404],
    ['HEAD', `${PODS}/a/nothing`, 404],
    ['OPTIONS', PODS, 405],
    ['OPTIONS', `${PODS}/a/nothing`, 404],
    ['PROPFIND', PODS, 405],
    ['PROPFIND', `${PODS}/a/proxy`, 405],
    ['PUT', PODS, 405],
    ['PUT', `${PODS}/a/exec`, 405],
    ['POST', `${PODS}/a`, 405],
    ['POST', '/api/v1/pods', 405],
    ['DELETE', '/api/v1/pods', 405],
    ['GET', '/api/v1/pods/a', 404],
    ['GET', '/api/v1/namespaces/default/nodes', 404],
    ['GET', '/api/v1/watch/namespaces/default/nodes', 404],
    ['POST', '/api/v1/namespaces/default/nodes', 404],
    ['DELETE', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/clusterroles/a', 404],
    ['GET', '/api/v1/namespaces/default', 404],
    ['GET', '/api/v1/namespaces/default/bindings/a', 404],
    ['DELETE', '/apis/authorization.k8s.io/v1/subjectaccessreviews/a', 404],
    ['GET', '/apis/authorization.k8s.io/v1/subjectaccessreviews', 405],
    ['PATCH', '/api/v1/componentstatuses/a', 405],
  ])('%s %s is answered %i to those who may ask, and to others that they may not', async (method, path, code) => {
    const allowed = await server.call(path, { method, headers: { authorization: 'me', ...json } });
    expect(allowed.code).toBe(code);
    expect((await server.call(path, { method, headers: { authorization: 'other', ...json } })).code).toBe(403);
  });

  it.each([
    [`${PODS}/a/eviction`, 'application/apply-patch+yaml'],
    [`${PODS}/a/eviction`, 'text/plain'],
    ['/api/v1/componentstatuses/a', 'application/apply-patch+yaml'],
  ])('PATCH %s of the form %s is no method of it, whatever else is wrong', async (path, form) => {
    const headers = { authorization: 'me', 'content-type': form };
    expect((await server.call(`${path}?dryRun=some`, { method: 'PATCH', headers, body: '{' })).code).toBe(405);
  });
});

it.each(['exec', 'attach', 'portforward'])(
  '%s that is not opened as a stream needs the permission to create all the same',
  async (subresource) => {
    const server = await serve({ authorizer: ({ verb }) => ({ allowed: verb === 'get', reason: '' }) });
    const { code, message } = (await server.call(`${PODS}/a/${subresource}`)).json();
    await server.stop();
    expect([code, message]).toEqual([
      403,
      `pods "a" is forbidden: User "me" cannot create resource "pods/${subresource}" in API group "" in the namespace "default"`,
    ]);
  },
);

describe('of a custom resource', () => {
  const [WIDGETS, GADGETS] = ['/apis/example.com/v1/namespaces/default/widgets', '/apis/example.com/v1/gadgets'];
  const object = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'widget', metadata: { name: 'a' }, spec: { replicas: 1 } });
  const definition = (name: string, scope: string) => ({
    metadata: { name: `${name}s.example.com` },
    spec: {
      group: 'example.com',
      scope,
      names: { plural: `${name}s`, singular: name, kind: name, listKind: `${name}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
        },
      ],
    },
  });
  let server: FakeServer;
  beforeAll(async () => {
    server = await serveCustomResources();
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    for (const [name, scope] of [
      ['widget', 'Namespaced'],
      ['gadget', 'Cluster'],
    ] as const)
      await server.call(definitions, { method: 'POST', headers: json, body: JSON.stringify(definition(name, scope)) });
    while ((await server.call(WIDGETS)).code !== 200 || (await server.call(GADGETS)).code !== 200);
    expect((await server.call(WIDGETS, { method: 'POST', headers: json, body: object })).code).toBe(201);
  });
  afterAll(() => server.stop());
  const send = (method: string, path: string) => server.call(path, { method, headers: json, ...(method !== 'HEAD' && { body: object }) });

  it.each(['', '/a', '/a/status', '/a/scale'])('HEAD reads it: %s', async (at) => {
    const answer = await send('HEAD', WIDGETS + at);
    expect([answer.code, answer.text]).toEqual([200, '']);
  });

  it('HEAD watches it without a body', async () => {
    const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
    socket.write(`HEAD ${WIDGETS}?watch=1&timeoutSeconds=1 HTTP/1.1\r\nHost: x\r\nAuthorization: me\r\nConnection: close\r\n\r\n`);
    const answer = Buffer.concat(await socket.toArray()).toString();
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.split('\r\n\r\n')[1]).toBe('');
  });

  it.each([
    ['POST', '/apis/example.com/v1/widgets'],
    ['DELETE', '/apis/example.com/v1/widgets'],
    ['PUT', '/apis/example.com/v1/widgets'],
    ['GET', '/apis/example.com/v1/widgets/a'],
    ['GET', '/apis/example.com/v1/widgets/a/status'],
    ['GET', '/apis/example.com/v1/namespaces/default/gadgets'],
    ['POST', '/apis/example.com/v1/namespaces/default/gadgets'],
  ])('%s %s finds no page: it is elsewhere', async (method, path) => {
    const answer = await send(method, path);
    expect([answer.code, answer.headers['content-type'], answer.text]).toEqual([404, 'text/plain; charset=utf-8', '404 page not found\n']);
  });

  const details = { group: 'example.com', kind: 'widgets' };
  it.each([
    ['PUT', WIDGETS, 400, 'name must be provided', undefined],
    ['PATCH', WIDGETS, 400, 'name must be provided', undefined],
    ['OPTIONS', WIDGETS, 405, ' is not supported on resources of kind "widgets.example.com"', details],
    ['OPTIONS', `${WIDGETS}/a/status`, 405, ' is not supported on resources of kind "widgets.example.com"', details],
    ['POST', `${WIDGETS}/a/status`, 405, 'create is not supported on resources of kind "widgets.example.com"', details],
    ['DELETE', `${WIDGETS}/a/status`, 405, 'delete is not supported on resources of kind "widgets.example.com"', details],
    ['POST', `${WIDGETS}/a/scale`, 405, 'create is not supported on resources of kind "widgets.example.com"', details],
    ['GET', `${WIDGETS}/a/nothing`, 404, 'widgets.example.com "a" not found', { name: 'a', ...details }],
  ])('%s %s is answered %i: %s', async (method, path, code, message, about) => {
    const answer = (await send(method, path)).json();
    expect([answer.code, answer.message, answer.details]).toEqual([code, message, about]);
  });

  it('is created by its own name, whatever the path says', async () => {
    const body = object.replace('"a"', '"b"');
    expect((await server.call(`${WIDGETS}/c`, { method: 'POST', headers: json, body })).json()).toMatchObject({ metadata: { name: 'b' } });
  });
});
