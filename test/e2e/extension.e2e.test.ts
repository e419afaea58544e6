import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../../src/server/outbound/fake-https-server.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { eventually } from './support/poll.ts';

/** A webhook and an extension API server, both in this process, for a `minik dev` beside it. */
const directory = mkdtempSync(join(tmpdir(), 'minik-extension-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
let dev: ChildProcess;
let exited: Promise<number | null>;
let hook: FakeHttpsServer;
let extension: FakeHttpsServer;

const run = async (...args: string[]) => (await kubectl(args, { kubeconfig })).stdout;
const apply = (...objects: object[]) =>
  kubectl(['apply', '-f', '-'], { kubeconfig, input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) });
const fails = async (...args: string[]) => (await kubectl(args, { kubeconfig, mayFail: true })).stderr;
const base64 = (pem: string) => Buffer.from(pem).toString('base64');

beforeAll(async () => {
  const args = ['dev', '--data-dir', directory, '--https-listen-port', '7444', '--nodes', '1'];
  dev = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => dev.once('exit', resolve));
  const ready = async () =>
    existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig, mayFail: true })).stdout === 'ok';
  await eventually('it is ready', ready);
  hook = await fakeHttpsServer(answerHook);
  const frontProxyCa = await run(
    'get',
    'configmap',
    '-n',
    'kube-system',
    'extension-apiserver-authentication',
    '-o',
    'jsonpath={.data.requestheader-client-ca-file}',
  );
  extension = await fakeHttpsServer(answerExtension, { sans: ['fruit.default.svc'], clientCa: frontProxyCa });
});
afterAll(async () => {
  dev.kill('SIGKILL');
  await exited;
  await hook[Symbol.asyncDispose]();
  await extension[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function answerHook(request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const { apiVersion, request: review } = JSON.parse(await bodyOf(request)) as {
    apiVersion: string;
    request: { uid: string; object?: { data?: { color?: string } } };
  };
  const { uid } = review;
  const patch = Buffer.from(JSON.stringify([{ op: 'add', path: '/metadata/labels', value: { hooked: 'yes' } }])).toString('base64');
  const response = request.url?.startsWith('/mutate')
    ? { uid, allowed: true, patchType: 'JSONPatch', patch, warnings: ['a webhook was here'] }
    : { uid, allowed: review.object?.data?.color !== 'red', status: { code: 403, message: 'not red' } };
  reply.end(JSON.stringify({ apiVersion, kind: 'AdmissionReview', response }));
}

const APPLE = { apiVersion: 'fruit.example.com/v1', kind: 'Apple', metadata: { name: 'boskop', namespace: 'default' } };
const APPLES = {
  name: 'apples',
  singularName: 'apple',
  namespaced: true,
  kind: 'Apple',
  verbs: ['get', 'list', 'watch', 'create'],
  shortNames: ['ap'],
};

function answerExtension(request: IncomingMessage, reply: ServerResponse): void {
  const send = (value: object, code = 200) => reply.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://x');
  if (!(request.socket as TLSSocket).authorized) return void send({ kind: 'Status', code: 401 }, 401);
  if (pathname === '/apis/fruit.example.com/v1')
    return void send({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'fruit.example.com/v1', resources: [APPLES] });
  if (pathname === '/openapi/v3')
    return void send({ paths: { 'apis/fruit.example.com/v1': { serverRelativeURL: '/openapi/v3/apis/fruit.example.com/v1?hash=1' } } });
  if (pathname === '/openapi/v3/apis/fruit.example.com/v1')
    return void send({ openapi: '3.0.0', info: { title: 'fruit', version: '1' }, paths: {} });
  if (pathname === '/openapi/v2') {
    const kind = [{ group: 'fruit.example.com', version: 'v1', kind: 'Apple' }];
    const apple = { type: 'object', description: 'A fruit of the rose family.', 'x-kubernetes-group-version-kind': kind };
    const list = { get: { responses: { 200: { description: 'OK', schema: { $ref: '#/definitions/example.fruit.v1.Apple' } } } } };
    return void send({
      swagger: '2.0',
      paths: { '/apis/fruit.example.com/v1/apples': list },
      definitions: { 'example.fruit.v1.Apple': apple },
    });
  }
  if (!pathname.includes('/apples')) return void send({ kind: 'Status', code: 404 }, 404);
  const annotations = { user: String(request.headers['x-remote-user']), groups: String(request.headers['x-remote-group']) };
  const apple = { ...APPLE, metadata: { ...APPLE.metadata, annotations } };
  if (searchParams.get('watch'))
    return void reply.writeHead(200, { 'content-type': 'application/json' }).write(`${JSON.stringify({ type: 'ADDED', object: apple })}\n`);
  if (pathname.endsWith('/boskop')) return void send(apple);
  send({ kind: 'AppleList', apiVersion: APPLE.apiVersion, metadata: {}, items: [apple] });
}

const webhook = (name: string, path: string) => ({
  name: `${name}.example.com`,
  clientConfig: { url: `${hook.url}/${path}`, caBundle: base64(hook.caPem) },
  rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  matchConditions: [{ name: 'has-data', expression: "request.operation != 'DELETE' && has(object.data)" }],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
});

test('webhooks change and refuse what kubectl creates', async () => {
  await apply(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'm' },
      webhooks: [webhook('m.hooks', 'mutate')],
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'v' },
      webhooks: [webhook('v.hooks', 'validate')],
    },
  );
  const created = await kubectl(['create', 'configmap', 'green', '--from-literal=color=green'], { kubeconfig });
  expect(created.stderr).toContain('Warning: a webhook was here');
  expect(await run('get', 'configmap', 'green', '-o', 'jsonpath={.metadata.labels.hooked}')).toBe('yes');
  expect(await fails('create', 'configmap', 'red', '--from-literal=color=red')).toContain(
    'admission webhook "v.hooks.example.com" denied the request: not red',
  );
  await run('create', 'configmap', 'empty');
  expect(await run('get', 'configmap', 'empty', '-o', 'jsonpath={.metadata.labels.hooked}')).toBe('');
  await run('create', 'configmap', 'red', '-n', 'kube-public', '--from-literal=color=red');
  hook.cut();
  await new Promise<void>((resolve) => void hook.server.close(() => resolve()));
  expect(await fails('create', 'configmap', 'blue', '--from-literal=color=blue')).toMatch(
    /failed calling webhook "m\.hooks\.example\.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:\d+\/mutate\?timeout=10s": dial tcp 127\.0\.0\.1:\d+: connect: connection refused/,
  );
  await run('delete', 'mutatingwebhookconfiguration/m', 'validatingwebhookconfiguration/v');
  await run('create', 'configmap', 'blue', '--from-literal=color=blue');
});

test('every group that the server answers itself is registered', async () => {
  await eventually('all are there', async () => (await run('get', 'apiservices')).includes('v1.storage.k8s.io'));
  const lines = (await run('get', 'apiservices', '--no-headers')).trim().split('\n');
  expect(lines.length).toBeGreaterThan(18);
  for (const line of lines) expect(line).toMatch(/^v[12]\.\S*\s+Local\s+True\s/);
});

test('an extension API server is part of the API', async () => {
  const service = { name: 'fruit', namespace: 'default', port: extension.port };
  const spec = {
    group: 'fruit.example.com',
    version: 'v1',
    groupPriorityMinimum: 2000,
    versionPriority: 10,
    service,
    caBundle: base64(extension.caPem),
  };
  const apiService = { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: 'v1.fruit.example.com' }, spec };
  await apply(apiService);
  await eventually('its Service is missed', async () =>
    (await run('get', 'apiservice', 'v1.fruit.example.com')).includes('False (ServiceNotFound)'),
  );
  expect(await fails('get', '--raw', '/apis/fruit.example.com/v1/namespaces/default/apples')).toContain(
    'currently unable to handle the request',
  );
  await apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'fruit', namespace: 'default' },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
  await run('wait', 'apiservice/v1.fruit.example.com', '--for=condition=Available', '--timeout=30s');
  expect(await run('get', 'apiservice', 'v1.fruit.example.com')).toMatch(/default\/fruit\s+True\s/);
  await eventually('discovery names it', async () => (await run('api-resources', '--cached=false')).includes('fruit.example.com/v1'));
  expect(await run('get', 'apples')).toContain('boskop');
  const annotations = await run('get', 'ap', 'boskop', '-o', 'jsonpath={.metadata.annotations.user} {.metadata.annotations.groups}');
  expect(annotations).toBe('system:admin system:masters, system:authenticated');
  expect(await run('get', '--raw', '/openapi/v3')).toContain('apis/fruit.example.com/v1');
  expect(await run('get', '--raw', '/openapi/v3/apis/fruit.example.com/v1')).toContain('fruit');
  expect(await run('get', '--raw', '/openapi/v2')).toContain('A fruit of the rose family.');
  const watched = await kubectl(['get', '--raw', '/apis/fruit.example.com/v1/namespaces/default/apples?watch=1'], {
    kubeconfig,
    mayFail: true,
    timeoutMs: 3000,
  });
  expect(watched.stdout).toContain('"type":"ADDED"');
  expect(await fails('get', 'apples', '--as=nobody')).toContain(
    'User "nobody" cannot list resource "apples" in API group "fruit.example.com"',
  );
  await run('delete', 'apiservice', 'v1.fruit.example.com');
  expect(await fails('get', '--raw', '/apis/fruit.example.com/v1')).toContain('NotFound');
});

test('SIGTERM ends it with exit code 0', async () => {
  dev.kill('SIGTERM');
  expect(await exited).toBe(0);
});
