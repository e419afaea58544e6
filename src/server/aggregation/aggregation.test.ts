import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { registry } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { APIService, EndpointSlice, Service } from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { createDiscovery } from '../discovery/discovery.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { fakeReader } from '../fake-reader.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../outbound/fake-https-server.ts';
import { createOutbound, type Outbound } from '../outbound/outbound.ts';
import { issueAuthority, issueIdentity, newKeyPem } from '../pki/issue.ts';
import { type Aggregator, aggregator } from './aggregator.ts';
import { findService, LOCAL, PASSED, planStatus } from './availability-plan.ts';
import { extensionOpenApi } from './extension-open-api.ts';
import { extensionRequests } from './extension-requests.ts';
import { type ExtensionServers, openExtensionServers } from './extension-servers.ts';
import { mergedDiscovery } from './merged-discovery.ts';
import { type ExtensionProxy, extensionProxy, userHeaders } from './proxy.ts';
import { planRegistrations } from './registration-plan.ts';
import { aggregatedOf } from './remote-discovery.ts';

const BUILT_IN = new Set(registry.groups.map(({ name }) => name));
const ID = 'apiservices.apiregistration.k8s.io';

describe('local APIServices', () => {
  const groups = [...registry.groups, { name: 'stable.example.com', versions: ['v1', 'v1beta1'] }];
  const { create } = planRegistrations(groups, BUILT_IN, []);
  const named = (name: string) => create.find(({ metadata }) => metadata?.name === name);

  it('are one for each group and version, with the priorities and labels of upstream', () => {
    expect(named('v1.')).toMatchObject({ spec: { group: '', version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 } });
    expect(named('v2.autoscaling')).toMatchObject({ spec: { groupPriorityMinimum: 17500, versionPriority: 30 } });
    expect(named('v1.apps')?.metadata?.labels).toEqual({ 'kube-aggregator.kubernetes.io/automanaged': 'onstart' });
    expect(named('v1beta1.stable.example.com')).toMatchObject({
      metadata: { labels: { 'kube-aggregator.kubernetes.io/automanaged': 'true' } },
      spec: { groupPriorityMinimum: 1000, versionPriority: 100 },
    });
    expect(named('v1.apiregistration.k8s.io')).toBeUndefined();
    // A metrics server registers it.
    expect(named('v1beta1.metrics.k8s.io')).toBeUndefined();
  });

  it('go with what they stand for, and leave alone what others registered', () => {
    const foreign: APIService = { metadata: { name: 'v1.metrics.example.com' } };
    const plan = planRegistrations(registry.groups, BUILT_IN, [...create, foreign]);
    expect(plan).toEqual({ create: [], remove: ['v1.stable.example.com', 'v1beta1.stable.example.com'] });
  });
});

describe('the Service behind an APIService', () => {
  const apiService = { spec: { service: { name: 's', namespace: 'n', port: 443 } } } as APIService;
  const service = (spec: object = {}) => ({ spec: { type: 'ClusterIP', ports: [{ name: 'https', port: 443 }], ...spec } }) as Service;
  const slice = (ready: boolean, name = 'https') =>
    ({ ports: [{ name, port: 1 }], endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready } }] }) as EndpointSlice;
  it.each([
    [undefined, [], 'ServiceNotFound', 'service/s in "n" is not present'],
    [service({ ports: [{ port: 80 }] }), [], 'ServicePortError', 'service/s in "n" is not listening on port 443'],
    [service(), [], 'EndpointsNotFound', 'cannot find endpointslices for service/s in "n"'],
    [service(), [slice(false)], 'MissingEndpoints', 'endpointslices for service/s in "n" have no addresses with port name "https"'],
    [service(), [slice(true, 'http')], 'MissingEndpoints', 'endpointslices for service/s in "n" have no addresses with port name "https"'],
  ])('%j with %j is a fault', (found, slices, reason, message) => {
    expect(findService(apiService, found, slices)).toEqual({ status: 'False', reason, message });
  });
  it('is called when nothing is wrong with it', () => {
    expect(findService(apiService, service(), [slice(true)])).toBeUndefined();
    expect(findService(apiService, service({ type: 'ExternalName', ports: [] }), [])).toBeUndefined();
  });
  it('is reported once, and its transitions are dated', () => {
    const first = planStatus(apiService, PASSED, '2026-01-01T00:00:00Z');
    const told: APIService = { ...apiService, status: first };
    expect(planStatus(told, PASSED, '2027-01-01T00:00:00Z')).toBeUndefined();
    expect(planStatus(told, { ...PASSED, message: 'still' }, '2027-01-01T00:00:00Z')?.conditions?.[0]).toMatchObject({
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
    expect(planStatus(told, { ...LOCAL, status: 'False' }, '2027-01-01T00:00:00Z')?.conditions?.[0]).toMatchObject({
      lastTransitionTime: '2027-01-01T00:00:00Z',
    });
  });
});

describe('what an extension server is told of the user', () => {
  it('is in headers, escaped where they need it', () => {
    expect(userHeaders({ name: 'jo', uid: 'u', groups: ['a', 'b'], extra: { 'example.com/scopes': ['x', 'y'] } })).toEqual({
      'X-Remote-User': 'jo',
      'X-Remote-Uid': 'u',
      'X-Remote-Group': ['a', 'b'],
      'X-Remote-Extra-example.com%2Fscopes': ['x', 'y'],
    });
  });
});

describe('an APIService', () => {
  const create = async (spec: object, name = 'v1.fruit.example.com') => {
    const api = await fakeApi();
    return api.call('create', ID, {
      body: {
        metadata: { name },
        spec: { group: 'fruit.example.com', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1, ...spec },
      },
    });
  };
  it('without a Service is available at once', async () => {
    expect(await create({})).toMatchObject({ status: { conditions: [{ type: 'Available', status: 'True', reason: 'Local' }] } });
  });
  it('has the port 443 unless it says another', async () => {
    expect(await create({ service: { name: 's', namespace: 'n' } })).toMatchObject({ spec: { service: { port: 443 } } });
  });
  it.each([
    [
      { version: 'v2' },
      'metadata.name: Invalid value: "v1.fruit.example.com": must be `spec.version+"."+spec.group`: "v2.fruit.example.com"',
    ],
    [{ groupPriorityMinimum: 20001 }, 'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000'],
    [{ versionPriority: -1 }, 'spec.versionPriority: Invalid value: -1: must be positive and less than 1000'],
    [{ caBundle: 'AAAA' }, 'spec.caBundle: Invalid value: "3 bytes": local APIServices may not have a caBundle'],
    [{ service: { name: '', namespace: 'n' } }, 'spec.service.name: Required value'],
    [
      { service: { name: 's', namespace: 'n', port: 70000 } },
      'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
    ],
    [
      { service: { name: 's', namespace: 'n' }, caBundle: 'AAAA', insecureSkipTLSVerify: true },
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
  ])('with %j is refused', async (spec, message) => {
    await expect(create(spec)).rejects.toMatchObject({ reason: 'Invalid', message: expect.stringContaining(message) });
  });
});

describe('legacy discovery', () => {
  it('becomes aggregated: subresources below their resource', () => {
    const resources = [
      { name: 'pods', singularName: 'pod', namespaced: true, kind: 'PodMetrics', verbs: ['get', 'list'] },
      { name: 'pods/scale', namespaced: true, kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get'] },
    ];
    expect(aggregatedOf({ resources }, { group: 'metrics.k8s.io', version: 'v1' })).toEqual([
      {
        resource: 'pods',
        responseKind: { group: 'metrics.k8s.io', version: 'v1', kind: 'PodMetrics' },
        scope: 'Namespaced',
        singularResource: 'pod',
        verbs: ['get', 'list'],
        subresources: [{ subresource: 'scale', responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' }, verbs: ['get'] }],
      },
    ]);
  });
});

describe('an extension API server', () => {
  let api: FakeApi;
  let outbound: Outbound;
  let server: FakeHttpsServer;
  let servers: ExtensionServers;
  let proxy: ExtensionProxy;
  let aggregation: Aggregator;
  let front: Server;
  let frontPort: number;
  let frontProxy: { cert: string; key: string };
  let answer: (request: IncomingMessage, reply: ServerResponse) => void | Promise<void>;
  let stop: AbortController;
  let running: Promise<void>;
  const user = { name: 'jo', groups: ['devs'] };
  const json = (reply: ServerResponse, value: object, code = 200) =>
    void reply.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const resource = {
    resource: 'apples',
    responseKind: { group: 'fruit.example.com', version: 'v1', kind: 'Apple' },
    scope: 'Namespaced',
    verbs: ['get'],
  };

  beforeAll(async () => {
    const authority = await issueAuthority('front proxy CA', await newKeyPem(), systemClock.now());
    const pair = await issueIdentity(
      authority,
      { commonName: 'front-proxy-client', organizations: [], sans: [], purpose: 'client' },
      systemClock.now(),
    );
    frontProxy = { cert: pair.certPem, key: pair.keyPem };
    server = await fakeHttpsServer((request, reply) => void answer(request, reply), {
      sans: ['fruit.default.svc'],
      clientCa: authority.certPem,
    });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const discovery: typeof answer = (request, reply) => {
    if (request.url === '/apis/fruit.example.com/v1') return json(reply, { kind: 'APIResourceList' });
    if (request.url !== '/apis') return json(reply, { kind: 'Status', code: 404 }, 404);
    reply.setHeader('content-type', 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    reply.end(
      JSON.stringify({ items: [{ metadata: { name: 'fruit.example.com' }, versions: [{ version: 'v1', resources: [resource] }] }] }),
    );
  };

  beforeEach(async () => {
    answer = discovery;
    api = await fakeApi();
    outbound = createOutbound({ objects: api.objects, clock: systemClock, random: () => 0 });
    servers = openExtensionServers(api.objects);
    proxy = extensionProxy({ servers, outbound, frontProxy: () => frontProxy });
    const options = { outbound, frontProxy: () => frontProxy, clock: systemClock };
    aggregation = aggregator({
      ...options,
      servers,
      objects: api.objects,
      transport: api.transport,
      registry: () => registry,
      builtIn: BUILT_IN,
      log: silentLogger,
    });
    stop = new AbortController();
    await new Promise<void>((ready) => {
      running = aggregation.component.run({ signal: stop.signal, ready });
    });
    front = createServer((raw, reply) => {
      const found = proxy.find(raw.url ?? '');
      if (found) void proxy.forward(found, { raw, reply, user, signal: new AbortController().signal });
      else reply.writeHead(404).end();
    });
    await new Promise<void>((resolve) => void front.listen(0, '127.0.0.1', resolve));
    frontPort = (front.address() as AddressInfo).port;
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await new Promise((resolve) => {
      front.close(resolve);
      front.closeAllConnections();
    });
    outbound[Symbol.dispose]();
    servers[Symbol.dispose]();
  });

  async function registerService(): Promise<void> {
    const service = { name: 'fruit', namespace: 'default', port: server.port };
    const caBundle = Buffer.from(server.caPem).toString('base64');
    const spec = { group: 'fruit.example.com', version: 'v1', groupPriorityMinimum: 2000, versionPriority: 10, service, caBundle };
    await api.call('create', ID, { body: { metadata: { name: 'v1.fruit.example.com' }, spec } });
  }
  const serve = () =>
    api.call('create', 'services', {
      namespace: 'default',
      body: { metadata: { name: 'fruit' }, spec: { type: 'ExternalName', externalName: 'localhost' } },
    });
  const condition = async () => (await api.call<APIService>('get', ID, { name: 'v1.fruit.example.com' })).status?.conditions?.[0];
  const until = (reason: string) => expect.poll(async () => (await condition())?.reason, { timeout: 10_000 }).toBe(reason);

  const call = (
    path: string,
    { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<{ code: number | undefined; text: string }>((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: frontPort, path, method, headers }, async (response) => {
        resolve({ code: response.statusCode, text: await bodyOf(response) });
      });
      request.on('error', reject);
      request.end(body);
    });

  it('is unavailable until its Service is there and answers, and then part of discovery', async () => {
    await registerService();
    await until('ServiceNotFound');
    expect(await call('/apis/fruit.example.com/v1/apples')).toEqual({ code: 503, text: 'service unavailable\n' });
    const own = createDiscovery({ registry: () => registry, serverAddress: '' });
    const merged = mergedDiscovery(own, servers, aggregation.remote);
    const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const fruit = () => {
      const { items } = JSON.parse(merged.find('/apis', AGGREGATED)?.bytes.toString() ?? '{}') as {
        items: { metadata: { name: string }; versions: object[] }[];
      };
      return items.find(({ metadata }) => metadata.name === 'fruit.example.com')?.versions;
    };
    expect(fruit()).toEqual([{ version: 'v1', freshness: 'Stale' }]);
    await serve();
    await until('Passed');
    expect(fruit()).toEqual([{ version: 'v1', resources: [resource], freshness: 'Current' }]);
    const { groups } = JSON.parse(merged.find('/apis', undefined)?.bytes.toString() ?? '{}') as { groups: { name: string }[] };
    expect(groups[0]?.name).toBe('apiregistration.k8s.io');
    expect(groups.find(({ name }: { name: string }) => name === 'fruit.example.com')).toEqual({
      name: 'fruit.example.com',
      versions: [{ groupVersion: 'fruit.example.com/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'fruit.example.com/v1', version: 'v1' },
    });
    expect(JSON.parse(merged.find('/apis/fruit.example.com', undefined)?.bytes.toString() ?? '{}')).toMatchObject({
      kind: 'APIGroup',
      name: 'fruit.example.com',
    });
    expect(merged.find('/apis/apps', undefined)).toBe(own.find('/apis/apps', undefined));
  });

  it('gets what is meant for it, and knows from whom', async () => {
    await registerService();
    await serve();
    await until('Passed');
    answer = async (request, reply) => {
      const { method, url, headers } = request;
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      json(
        reply,
        {
          method,
          url,
          by: subject.CN,
          user: headers['x-remote-user'],
          groups: headers['x-remote-group'],
          secret: headers.authorization,
          body: await bodyOf(request),
        },
        201,
      );
    };
    const headers = { authorization: 'Bearer secret', 'x-remote-user': 'root', 'x-remote-group': 'system:masters' };
    const { code, text } = await call('/apis/fruit.example.com/v1/apples?dryRun=All', { method: 'POST', headers, body: '{"a":1}' });
    expect(code).toBe(201);
    expect(JSON.parse(text)).toEqual({
      method: 'POST',
      url: '/apis/fruit.example.com/v1/apples?dryRun=All',
      by: 'front-proxy-client',
      user: 'jo',
      groups: 'devs',
      body: '{"a":1}',
    });
    expect((await call('/apis/apps/v1/deployments')).code).toBe(404);
  });

  it('is read by callers in process, as themselves, with what upstream says when it cannot be', async () => {
    const requests = extensionRequests({ servers, outbound, frontProxy: () => frontProxy });
    const base = { group: 'fruit.example.com', version: 'v1', resource: 'apples', namespace: 'n' };
    const ask = (request: Partial<ApiRequest> = {}) => {
      const full: ApiRequest = { ...base, verb: 'list', ...request };
      const found = requests.find(full);
      return found && requests.request(found, full, { user, signal: new AbortController().signal });
    };
    expect(ask()).toBeUndefined();
    await registerService();
    const unavailable = 'the server is currently unable to handle the request (get apples.fruit.example.com)';
    await expect(ask()).rejects.toMatchObject({ reason: 'ServiceUnavailable', message: unavailable });
    await serve();
    await until('Passed');
    answer = ({ url, headers }, reply) => json(reply, { url, user: headers['x-remote-user'], groups: headers['x-remote-group'] });
    const metric = { verb: 'get', name: '*', subresource: 'size', options: { labelSelector: 'a=b', metricLabelSelector: 'c' } } as const;
    expect(await ask(metric)).toEqual({
      url: '/apis/fruit.example.com/v1/namespaces/n/apples/*/size?labelSelector=a%3Db&metricLabelSelector=c',
      user: 'jo',
      groups: 'devs',
    });
    answer = (_, reply) => void reply.writeHead(404).end('404 page not found\n');
    const missing = 'the server could not find the requested resource (get apples.fruit.example.com x)';
    await expect(ask({ verb: 'get', name: 'x' })).rejects.toMatchObject({ reason: 'NotFound', message: missing });
    await expect(ask({ verb: 'create' })).rejects.toMatchObject({ reason: 'NotImplemented' });
  });

  it('says why it is not there when its discovery fails', async () => {
    answer = (_, reply) => json(reply, {}, 500);
    await registerService();
    await serve();
    await until('FailedDiscoveryCheck');
    expect((await condition())?.message).toMatch(
      /^failing or missing response from https:\/\/default\/fruit:\d+\/apis\/fruit\.example\.com\/v1: bad status from .*: 500$/,
    );
  });

  it('gets upgrades as well, with the user beside them, and is not dialled while it is unavailable', async () => {
    front.on('upgrade', (raw, socket, head) => {
      const found = proxy.find(raw.url ?? '');
      if (found) void proxy.upgrade(found, { raw, socket, head, user, signal: new AbortController().signal });
    });
    const upgraded = () =>
      new Promise<string>((resolve, reject) => {
        const headers = { connection: 'Upgrade', upgrade: 'echo', 'x-remote-user': 'root' };
        const request = httpRequest({ host: '127.0.0.1', port: frontPort, path: '/apis/fruit.example.com/v1/apples/a/peel', headers });
        request.on('upgrade', async (_, socket, first) => {
          socket.end('ping');
          resolve(Buffer.concat([first, ...(await socket.toArray())]).toString());
        });
        request.on('response', async (response) => resolve(`${response.statusCode} ${await bodyOf(response)}`));
        request.on('error', reject);
        request.end();
      });
    await registerService();
    await until('ServiceNotFound');
    expect(await upgraded()).toBe('503 service unavailable\n');
    await serve();
    await until('Passed');
    const echo = (request: IncomingMessage, socket: Duplex) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfor ${request.headers['x-remote-user']}: `,
      );
      socket.pipe(socket);
    };
    server.server.on('upgrade', echo);
    expect(await upgraded()).toBe('for jo: ping');
    server.server.off('upgrade', echo);
  });

  it('answers for its OpenAPI documents', async () => {
    await registerService();
    await serve();
    await until('Passed');
    const name = 'apis/fruit.example.com/v1';
    answer = (request, reply) =>
      json(
        reply,
        request.url === '/openapi/v3' ? { paths: { [name]: { serverRelativeURL: `/openapi/v3/${name}?hash=7` } } } : { openapi: '3.0.0' },
      );
    const openApi = extensionOpenApi(servers, { outbound, frontProxy: () => frontProxy, clock: systemClock });
    const own = async () => ({ bytes: async () => Buffer.from('{"paths":{"api/v1":{"serverRelativeURL":"/x"}}}') });
    const index = await openApi.index(own);
    expect(JSON.parse(index?.bytes.toString() ?? '{}')).toEqual({
      paths: { 'api/v1': { serverRelativeURL: '/x' }, [name]: { serverRelativeURL: `/openapi/v3/${name}?hash=7` } },
    });
    expect((await openApi.document(name))?.bytes.toString()).toBe('{"openapi":"3.0.0"}');
    expect(openApi.document('apis/apps/v1')).toBeUndefined();
  });

  it('has its paths in the one document of OpenAPI 2', async () => {
    await registerService();
    await serve();
    await until('Passed');
    const path = '/apis/fruit.example.com/v1/apples';
    const theirs = { paths: { [path]: { get: { responses: {} } }, '/apis/apps/v1/deployments': {} }, definitions: {} };
    let said: unknown = theirs;
    answer = (request, reply) => json(reply, request.url === '/openapi/v2' ? (said as object) : {});
    const openApi = extensionOpenApi(servers, { outbound, frontProxy: () => frontProxy, clock: systemClock });
    const spec = {
      swagger: '2.0',
      info: { title: 'Kubernetes', version: 'v1' },
      paths: { '/api/v1/pods': {} },
      definitions: {},
      parameters: {},
      securityDefinitions: {},
      security: [],
    };
    const own = {
      gzip: Buffer.alloc(0),
      etag: '"1"',
      contentType: 'application/json',
      bytes: async () => Buffer.from(JSON.stringify(spec)),
    };
    const document = (form: 'json' | 'protobuf') => openApi.v2(async () => own, form);
    const merged = await document('json');
    expect(Object.keys(JSON.parse((await merged?.bytes())?.toString() ?? '{}').paths)).toEqual(['/api/v1/pods', path]);
    expect(await document('json')).toBe(merged);
    expect((await (await document('protobuf'))?.bytes())?.includes(path)).toBe(true);
    said = { paths: { [path]: { get: { produces: 5 } } } };
    expect((await (await document('protobuf'))?.bytes())?.includes('/api/v1/pods')).toBe(true);
  });

  it('is forgotten with its APIService', async () => {
    await registerService();
    await serve();
    await until('Passed');
    await api.call('delete', ID, { name: 'v1.fruit.example.com' });
    await expect.poll(() => proxy.find('/apis/fruit.example.com/v1')).toBeUndefined();
  });
});

describe('without extension servers', () => {
  it('discovery is the own one, document by document', () => {
    const own = createDiscovery({ registry: () => registry, serverAddress: '' });
    const servers = openExtensionServers(
      fakeReader({ [ID]: [{ metadata: { name: 'v1.apps' }, spec: { group: 'apps', version: 'v1' } } as KubeObject] }),
    );
    const merged = mergedDiscovery(own, servers, () => new Map());
    for (const path of ['/apis', '/apis/apps', '/api', '/apis/nope']) expect(merged.find(path, undefined)).toBe(own.find(path, undefined));
  });
});
