import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openAuthorizers } from '../authz/chain.ts';
import { matchCondition } from '../authz/match-conditions.ts';
import type { WebhookAuthorization } from '../authz/webhook.ts';
import { fakeReader } from '../fake-reader.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../outbound/fake-https-server.ts';
import { createOutbound, type Outbound } from '../outbound/outbound.ts';
import type { AuthorizationAttributes } from '../ports.ts';
import { webhookSource } from './webhook.ts';

const API = ['api'];
type Sent = { apiVersion: string; kind: string; spec: Record<string, unknown> };

let clock: FakeClock;
let server: FakeHttpsServer;
let outbound: Outbound;
let sent: Sent[];
let answer: (review: Sent) => object | number;
beforeEach(async () => {
  clock = fakeClock();
  sent = [];
  server = await fakeHttpsServer(async (request, reply) => {
    const review = JSON.parse(await bodyOf(request)) as Sent;
    sent.push(review);
    const status = answer(review);
    if (typeof status === 'number') {
      reply.statusCode = status;
      return void reply.end('no');
    }
    reply.end(JSON.stringify({ ...review, status }));
  });
  outbound = createOutbound({ objects: fakeReader({}), clock, random: Math.random });
});
afterEach(async () => {
  outbound[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});
const endpoint = () => ({ target: { url: `${server.url}/review` }, caBundle: server.caPem });

describe('the webhook for tokens', () => {
  const source = (version: 'v1' | 'v1beta1' = 'v1', cacheMs = 120_000) =>
    webhookSource({ endpoint: endpoint(), version, cacheMs }, { outbound, apiAudiences: API, clock, log: silentLogger });

  it('is asked with a TokenReview and says whom a token stands for', async () => {
    answer = () => ({ authenticated: true, user: { username: 'jane', uid: '7', groups: ['dev'], extra: { a: ['b'] } } });
    expect(await source()('t', API)).toEqual({
      user: { name: 'jane', uid: '7', groups: ['dev'], extra: { a: ['b'] } },
      audiences: API,
    });
    expect(sent).toEqual([
      { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token: 't', audiences: API } },
    ]);
  });

  it('is not asked again about the same token for a while', async () => {
    answer = ({ spec }) => ({ authenticated: spec.token === 'good' });
    const check = source('v1beta1');
    await Promise.all([check('good', API), check('good', API)]);
    await check('bad', API);
    await check('bad', API);
    expect(sent.map(({ apiVersion, spec }) => [apiVersion, spec.token])).toEqual([
      ['authentication.k8s.io/v1beta1', 'good'],
      ['authentication.k8s.io/v1beta1', 'bad'],
    ]);
    await clock.advance(120_001);
    await check('good', API);
    expect(sent).toHaveLength(3);
  });

  it('may refuse with a reason, know nothing, or mean other audiences', async () => {
    answer = () => ({ authenticated: false, error: 'revoked' });
    expect(await source()('t', API)).toEqual({ error: 'revoked' });
    answer = () => ({ authenticated: false });
    expect(await source()('t', API)).toBeUndefined();
    answer = () => ({ authenticated: true, user: { username: 'x' }, audiences: ['vault'] });
    expect(await source()('t', API)).toBeUndefined();
  });

  it('that is broken lets nobody in, and is asked again the next time', async () => {
    answer = () => 403;
    const check = source();
    expect(await check('t', API)).toHaveProperty('error');
    answer = () => ({ authenticated: true, user: { username: 'x' } });
    expect(await check('t', API)).toHaveProperty('user');
  });
});

describe('the webhook for authorization', () => {
  const ask = (change: object = {}): AuthorizationAttributes => ({
    user: { name: 'jane', groups: ['dev'] },
    verb: 'list',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    namespace: 'shop',
    name: '',
    ...change,
  });
  const chain = (modes: readonly ('Webhook' | 'RBAC' | 'AlwaysAllow')[] = ['Webhook']) => {
    const webhook = { endpoint: endpoint(), version: 'v1' as const, authorizedMs: 300_000, unauthorizedMs: 30_000 };
    return openAuthorizers(fakeReader({}), {
      modes: modes.map((mode) => (mode === 'Webhook' ? { mode, webhook } : { mode })),
      webhookTools: { outbound, clock, log: silentLogger },
    }).authorizer;
  };

  const ALLOWED = { allowed: true, reason: '' };
  const configured = (webhook: Partial<WebhookAuthorization>) =>
    openAuthorizers(fakeReader({}), {
      modes: [
        { mode: 'Webhook', webhook: { endpoint: endpoint(), version: 'v1', authorizedMs: 300_000, unauthorizedMs: 30_000, ...webhook } },
        { mode: 'AlwaysAllow' },
      ],
      webhookTools: { outbound, clock, log: silentLogger },
    }).authorizer;

  it('is asked with everything that is known of the request', async () => {
    answer = () => ({ allowed: true, reason: 'because' });
    const fields = [{ field: 'spec.nodeName', op: '=', value: 'n1' }];
    const labels = [
      { key: 'app', operator: '=', values: ['web'] },
      { key: 'n', operator: '>', values: ['1'] },
    ];
    expect(await chain()(ask({ fields, labels }))).toEqual({ allowed: true, reason: 'because' });
    expect(sent[0]?.spec).toEqual({
      user: 'jane',
      groups: ['dev'],
      resourceAttributes: {
        namespace: 'shop',
        verb: 'list',
        version: 'v1',
        resource: 'pods',
        fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
        labelSelector: { requirements: [{ key: 'app', operator: 'In', values: ['web'] }] },
      },
    });
    await chain()({ user: { name: 'jane', groups: [] }, verb: 'get', path: '/metrics' });
    expect(sent[1]?.spec).toEqual({ user: 'jane', nonResourceAttributes: { path: '/metrics', verb: 'get' } });
  });

  it('is remembered: permissions longer than refusals', async () => {
    answer = ({ spec }) => ({ allowed: spec.user === 'jane' });
    const authorizer = chain();
    const others = { user: { name: 'joe', groups: [] } };
    for (const _ of [1, 2]) await Promise.all([authorizer(ask()), authorizer(ask(others))]);
    expect(sent).toHaveLength(2);
    await clock.advance(30_001);
    expect([await authorizer(ask()), await authorizer(ask(others))]).toMatchObject([{ allowed: true }, { allowed: false }]);
    expect(sent).toHaveLength(3);
  });

  it('leaves it to the next one unless it denies for good', async () => {
    answer = () => ({ allowed: false, reason: 'no opinion' });
    expect(await chain(['Webhook', 'AlwaysAllow'])(ask())).toMatchObject({ allowed: true });
    answer = () => ({ allowed: false, denied: true, reason: 'never' });
    expect(await chain(['Webhook', 'AlwaysAllow'])(ask())).toEqual({ allowed: false, denied: true, reason: 'never' });
  });

  it('that is broken decides nothing, and says so', async () => {
    answer = () => 403;
    expect(await chain(['Webhook', 'RBAC'])(ask())).toEqual({ allowed: false, reason: '', error: 'no' });
    expect(await chain(['Webhook', 'AlwaysAllow'])(ask())).toMatchObject({ allowed: true });
  });

  it('that refuses when it fails ends the matter', async () => {
    answer = () => 403;
    const authorizer = configured({ failurePolicy: 'Deny' });
    expect(await authorizer(ask())).toEqual({ allowed: false, denied: true, reason: '', error: 'no' });
  });

  it('is asked about what its conditions hold for, and its policy decides where they cannot be told', async () => {
    answer = () => ({ allowed: false, denied: true, reason: 'never' });
    const conditions = ["has(request.resourceAttributes) && request.resourceAttributes.namespace == 'shop'"].map(matchCondition);
    const inShop = configured({ conditions });
    expect(await inShop(ask())).toMatchObject({ denied: true });
    for (const other of [ask({ namespace: 'home' }), { user: { name: 'jane', groups: [] }, verb: 'get', path: '/metrics' }]) {
      expect(await inShop(other)).toEqual(ALLOWED);
    }
    expect(sent).toHaveLength(1);
    const untellable = [matchCondition("request.nonResourceAttributes.path == '/x'")];
    const error = "expression 'request.nonResourceAttributes.path == '/x'' resulted in error: no such key: nonResourceAttributes";
    expect(await configured({ conditions: untellable, failurePolicy: 'Deny' })(ask())).toMatchObject({ denied: true, error });
    expect(await configured({ conditions: untellable, failurePolicy: 'NoOpinion' })(ask())).toEqual(ALLOWED);
    expect(sent).toHaveLength(1);
  });

  it('is one of several, each with what it keeps', async () => {
    answer = () => ({ allowed: false });
    const webhook = { endpoint: endpoint(), version: 'v1' as const, authorizedMs: 0, unauthorizedMs: 0 };
    const kept = { ...webhook, unauthorizedMs: 30_000 };
    const { authorizer } = openAuthorizers(fakeReader({}), {
      modes: [
        { mode: 'Webhook', webhook },
        { mode: 'Webhook', webhook: kept },
      ],
      webhookTools: { outbound, clock, log: silentLogger },
    });
    for (const _ of [1, 2]) expect(await authorizer(ask())).toMatchObject({ allowed: false });
    expect(sent).toHaveLength(3);
  });

  it('is not asked about system:masters', async () => {
    expect(chain()(ask({ user: { name: 'x', groups: ['system:masters'] } }))).toMatchObject({ allowed: true });
    expect(sent).toEqual([]);
  });
});
