import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:https';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../../api/meta/status.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { type FakeServer, serve } from '../http/fake-server.ts';
import type { ApiServerOptions } from '../server.ts';
import type { AuditBackend } from './backend.ts';
import { planAudit } from './policy-plan.ts';
import { createAuditor } from './trail.ts';

type Event = Record<string, never> & { stage: string; annotations?: Record<string, string>; responseStatus?: { code: number } };

let fake: FakeServer;
let lines: string[];
afterEach(() => fake.stop());

async function audited(
  level: string,
  {
    omitStages = [],
    backend = {},
    ...options
  }: Partial<ApiServerOptions> & { omitStages?: string[]; backend?: Partial<AuditBackend> } = {},
): Promise<void> {
  lines = [];
  const policy = planAudit({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages,
    omitManagedFields: true,
    rules: [{ level: 'None', nonResourceURLs: ['/metrics'] }, { level }],
  });
  const write = (line: string) => void lines.push(line);
  fake = await serve({
    audit: { policy, backend: { blocks: false, write, errors: { log: 0 }, close: async () => {}, ...backend } },
    ...options,
  });
}
const events = (): Event[] => lines.map((line) => JSON.parse(line));
const last = (): Event => events().at(-1) as Event;
/** The answer may be read before its event is made. */
const complete = (count: number): Promise<void> =>
  vi.waitFor(() => expect(events().filter(({ stage }) => stage === 'ResponseComplete' || stage === 'Panic')).toHaveLength(count));

const post = (name: string, headers = {}) =>
  fake.call('/api/v1/namespaces/default/configmaps?fieldManager=x', {
    method: 'POST',
    headers,
    body: JSON.stringify({ metadata: { name, managedFields: [{ manager: 'm' }] }, data: { k: 'v' } }),
  });

describe('the audit trail', () => {
  it('notes what is deprecated', async () => {
    await audited('Metadata');
    await fake.call('/api/v1/namespaces/default/endpoints');
    await complete(1);
    expect(last().annotations).toMatchObject({ 'k8s.io/deprecated': 'true' });
  });

  it('tells who asked for what and what came of it, stage by stage', async () => {
    await audited('Metadata', { authorizer: () => ({ allowed: true, reason: 'RBAC: allowed' }) });
    const { headers } = await post('a', { 'user-agent': 'test/1', 'x-forwarded-for': '203.0.113.7, 10.0.0.1', 'audit-id': 'given' });
    expect(headers['audit-id']).toBe('given');
    await complete(1);
    const [received, done] = events();
    expect(received).toMatchObject({ stage: 'RequestReceived', auditID: 'given', verb: 'create', objectRef: { resource: 'configmaps' } });
    expect(received).not.toHaveProperty('responseStatus');
    expect(done).toEqual({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: 'given',
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/default/configmaps?fieldManager=x',
      verb: 'create',
      user: { username: 'me' },
      sourceIPs: ['203.0.113.7', '10.0.0.1', '127.0.0.1'],
      userAgent: 'test/1',
      objectRef: { resource: 'configmaps', namespace: 'default', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 201 },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      stageTimestamp: expect.stringMatching(/Z$/),
      annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': 'RBAC: allowed' },
    });
  });

  it('holds the request at Request and the answer as well at RequestResponse', async () => {
    await audited('RequestResponse', { omitStages: ['RequestReceived'] });
    await post('a');
    await fake.call('/api/v1/namespaces/default/configmaps');
    await fake.call('/api/v1/namespaces/default/configmaps/a', { method: 'DELETE', body: '{"propagationPolicy":"Background"}' });
    await complete(3);
    const [created, listed, deleted] = events();
    expect(created?.requestObject).toEqual({ metadata: { name: 'a' }, data: { k: 'v' } });
    expect(created?.responseObject).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a', uid: expect.any(String) } });
    expect(created?.responseObject).not.toHaveProperty('metadata.managedFields');
    expect(listed?.responseObject).toMatchObject({ kind: 'ConfigMapList', items: [{ data: { k: 'v' } }] });
    expect(deleted?.requestObject).toEqual({ propagationPolicy: 'Background' });
    expect(deleted?.responseStatus).toMatchObject({ status: 'Success', code: 200 });
  });

  it('leaves answers out at Request, and patches in as they came', async () => {
    await audited('Request', { omitStages: ['RequestReceived'] });
    await post('a');
    const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' }, body: '{"data":{"k":null}}' };
    await fake.call('/api/v1/namespaces/default/configmaps/a', patch);
    await complete(2);
    expect(last()).toMatchObject({ verb: 'patch', requestObject: { data: { k: null } } });
    expect(last()).not.toHaveProperty('responseObject');
  });

  it('tells refusals: by authorization, by the API, of credentials, of paths', async () => {
    await audited('Metadata', {
      authenticator: async ({ authorization }) => {
        if (authorization === 'wrong') throw new ApiError('Unauthorized', 'Unauthorized');
        return { name: authorization ?? '', groups: [] };
      },
      authorizer: ({ user }) => ({ allowed: user.name === 'me', reason: 'no rule' }),
      omitStages: ['RequestReceived'],
    });
    await fake.call('/api/v1/pods', { headers: { authorization: 'stranger' } });
    await complete(1);
    expect(last()).toMatchObject({
      responseStatus: {
        status: 'Failure',
        reason: 'Forbidden',
        code: 403,
        message: expect.stringContaining('cannot list resource "pods"'),
      },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'authorization.k8s.io/reason': 'no rule' },
    });
    await fake.call('/api/v1/namespaces/default/pods/none');
    await complete(2);
    expect(last()).toMatchObject({ objectRef: { name: 'none' }, responseStatus: { reason: 'NotFound', code: 404 } });
    await fake.call('/api/v1/pods', { headers: { authorization: 'wrong' } });
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(last()).toMatchObject({ stage: 'ResponseStarted', user: {} });
    expect(last().responseStatus).toEqual({ metadata: {}, code: 401, message: 'Authentication failed, no credentials provided' });
    await fake.call('/nowhere');
    await complete(3);
    expect(last()).toMatchObject({ verb: 'get', requestURI: '/nowhere', responseStatus: { code: 404 } });
  });

  it('says that credentials were wrong once, and of what sort they were', async () => {
    await audited('Metadata', {
      authenticator: async () => {
        throw new ApiError('Unauthorized', 'Unauthorized');
      },
    });
    for (const authorization of ['Bearer x', 'Basic eDp5']) await fake.call('/api/v1/pods', { headers: { authorization } });
    await fake.call('/api/v1/pods?access_token=x');
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    for (const event of events()) expect(event).toMatchObject({ verb: 'list', objectRef: { resource: 'pods', apiVersion: 'v1' } });
    expect(events().map(({ stage, responseStatus }) => [stage, responseStatus])).toEqual(
      ['bearer', 'basic', 'access_token'].map((method) => [
        'ResponseStarted',
        { metadata: {}, code: 401, message: `Authentication failed, attempted: ${method}` },
      ]),
    );
    const headers = { authorization: 'Bearer x', connection: 'upgrade', upgrade: 'SPDY/3.1' };
    await fake.call('/api/v1/namespaces/default/pods/p/exec?command=ls', { method: 'POST', headers });
    await vi.waitFor(() => expect(lines).toHaveLength(4));
    expect(last()).toMatchObject({ stage: 'ResponseStarted', verb: 'create', objectRef: { name: 'p', subresource: 'exec' } });
  });

  it('says how long slow requests took, and that a client left without an answer', async () => {
    const policy = planAudit({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] });
    const clock = fakeClock();
    lines = [];
    const auditor = createAuditor({ policy, sink: (line) => void lines.push(line), clock });
    const raw = { url: '/version', method: 'GET', headers: {}, socket: {} } as IncomingMessage;
    const user = { name: 'me', groups: [] };
    const begin = (reply?: ServerResponse) => auditor.begin({ raw, reply, auditId: 'id', user, path: '/version', request: undefined });
    const quick = begin();
    await clock.advance(500);
    quick?.complete(200);
    expect(last().annotations).toBeUndefined();
    const slow = begin();
    await clock.advance(61_500);
    slow?.complete(200);
    expect(last().annotations).toEqual({ 'apiserver.latency.k8s.io/total': '1m1.5s' });
    begin({ headersSent: false } as ServerResponse)?.complete(200);
    expect(last().responseStatus).toEqual({ metadata: {}, status: 'Success', message: 'Connection closed early', code: 200 });
    fake = await serve();
  });

  it('tells who acts as somebody else, and asks the policy about who it is', async () => {
    const jane = { name: 'jane', groups: ['devs'] };
    await audited('Metadata', { authenticator: async () => ({ name: 'root', groups: ['ops'], impersonatedBy: jane }) });
    await fake.call('/version');
    await complete(1);
    expect(last()).toMatchObject({ user: { username: 'jane', groups: ['devs'] }, impersonatedUser: { username: 'root', groups: ['ops'] } });
  });

  it('tells the start and the end of a watch', async () => {
    await audited('Metadata');
    const options = {
      host: '127.0.0.1',
      port: fake.port,
      path: '/api/v1/configmaps?watch=1',
      headers: { authorization: 'me' },
      rejectUnauthorized: false,
    };
    await new Promise<void>((resolve) => {
      const watch = request(options, (response) => {
        response.on('error', () => {});
        watch.destroy();
        resolve();
      });
      watch.on('error', () => {});
      watch.end();
    });
    await complete(1);
    expect(events().map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
      ['RequestReceived', undefined],
      ['ResponseStarted', 200],
      ['ResponseComplete', 200],
    ]);
  });

  it('takes annotations from admission, and calls a mistake in the code a panic', async () => {
    const plugin = {
      name: 'Test',
      validate({
        context,
        object,
      }: {
        context: { annotate?: (key: string, value: string) => void };
        object?: { metadata?: { name?: string } } | undefined;
      }) {
        context.annotate?.('test.example.com/seen', 'first');
        context.annotate?.('test.example.com/seen', 'second');
        if (object?.metadata?.name === 'bug') throw new TypeError('a mistake');
      },
    };
    await audited('Metadata', { admission: [plugin] });
    await post('a');
    await complete(1);
    expect(last().annotations?.['test.example.com/seen']).toBe('first');
    expect((await post('bug')).code).toBe(500);
    await complete(2);
    expect(last()).toMatchObject({ stage: 'Panic', responseStatus: { code: 500, message: expect.stringContaining("APIServer panic'd") } });
  });

  it('is not begun for what the policy leaves out, and is counted', async () => {
    await audited('Metadata');
    await fake.call('/metrics');
    await post('a');
    await complete(1);
    const { text } = await fake.call('/metrics');
    expect(events().every(({ requestURI }) => requestURI !== '/metrics')).toBe(true);
    expect(text).toContain('apiserver_audit_event_total 2');
    expect(text).toContain('apiserver_audit_level_total{level="None"} 2');
    expect(text).toContain('apiserver_audit_error_total{plugin="log"} 0');
  });

  describe('of a backend that blocks', () => {
    let release: (stored: boolean) => void;
    const backend = {
      blocks: true,
      write: (line: string) =>
        new Promise<boolean>((resolve) => {
          lines.push(line);
          release = resolve;
        }),
    };
    const stored = () => fake.server.objects.list('configmaps').length;
    const told = (count: number) => vi.waitFor(() => expect(events()).toHaveLength(count));

    it('holds up the request until its arrival is told, and the answer until its end is', async () => {
      await audited('Metadata', { backend });
      let answered = false;
      const call = post('a').then((answer) => {
        answered = true;
        return answer;
      });
      await told(1);
      expect(stored()).toBe(0);
      release(true);
      await told(2);
      expect(stored()).toBe(1);
      expect(answered).toBe(false);
      release(true);
      expect((await call).code).toBe(201);
      expect(events().map(({ stage, responseStatus }) => [stage, responseStatus?.code])).toEqual([
        ['RequestReceived', undefined],
        ['ResponseComplete', 201],
      ]);
    });

    it('refuses a request whose arrival could not be told, and tells no more of it', async () => {
      await audited('Metadata', { backend });
      const call = post('a');
      await told(1);
      release(false);
      const { code, text } = await call;
      expect([code, text]).toEqual([
        500,
        'Internal Server Error: "/api/v1/namespaces/default/configmaps?fieldManager=x": failed to store audit event\n',
      ]);
      expect(events()).toHaveLength(1);
    });
  });
});
