import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import type { Client } from '../../client/client.ts';
import { kubeletAccess } from './kubelet-access.ts';
import { kubeletAttributes } from './kubelet-access-plan.ts';

const { signal } = new AbortController();

interface Sent {
  readonly kind: string;
  readonly spec: { token?: string; user?: string; groups?: string[]; resourceAttributes?: { subresource?: string } };
}

/** The API server: one good token, and what its owner may do. */
function start({ allowed = [] as string[] } = {}) {
  const clock = fakeClock();
  const sent: Sent[] = [];
  const create = async ({ kind }: { kind: string }, { spec }: { spec: Sent['spec'] }) => {
    sent.push({ kind, spec });
    if (kind === 'TokenReview') return { status: { authenticated: spec.token === 'good', user: { username: 'jo', groups: ['g'] } } };
    return { status: { allowed: allowed.includes(spec.resourceAttributes?.subresource ?? '') } };
  };
  const client = { create } as unknown as Client;
  const access = kubeletAccess({ nodeName: 'node', trusted: new Set(['api']), client: () => client, clock });
  const request = (method: string, headers: object, subject?: object) =>
    ({
      method,
      headers,
      socket: { authorized: subject !== undefined, getPeerCertificate: () => ({ subject }) },
    }) as unknown as IncomingMessage;
  return {
    clock,
    sent,
    byToken: (path: string, token: string) => access.check(request('GET', { authorization: `Bearer ${token}` }), path, { signal }),
    byCertificate: (path: string, subject: object) => access.check(request('GET', {}, subject), path, { signal }),
    byNobody: (path: string) => access.check(request('GET', {}), path, { signal }),
  };
}

test.each([
  ['GET', '/stats/summary', 'get', ['stats']],
  ['GET', '/metrics/cadvisor', 'get', ['metrics']],
  ['HEAD', '/logs/x', 'get', ['log']],
  ['GET', '/pods', 'get', ['pods', 'proxy']],
  ['POST', '/exec/n/p/c', 'create', ['proxy']],
  ['GET', '/statsfoo', 'get', ['proxy']],
  ['GET', '/', 'get', ['proxy']],
])('%s %s is %s of nodes/%s', (method, path, verb, subresources) => {
  expect(kubeletAttributes(method, path)).toEqual({ verb, subresources });
});

test('the API server is let in without asking it', async () => {
  const { byCertificate, sent } = start();
  await byCertificate('/exec/n/p/c', { CN: 'api', O: 'system:masters' });
  expect(sent).toEqual([]);
});

test('nobody is anonymous', async () => {
  const { byNobody, byToken } = start();
  await expect(byNobody('/metrics')).rejects.toMatchObject({ code: 401 });
  await expect(byToken('/metrics', 'bad')).rejects.toMatchObject({ code: 401 });
});

test('the owner of a token may do what the API server says, and is asked about again when the answer is old', async () => {
  const { byToken, clock, sent } = start({ allowed: ['metrics'] });
  await byToken('/metrics/resource', 'good');
  await byToken('/metrics/cadvisor', 'good');
  expect(sent.map(({ kind }) => kind)).toEqual(['TokenReview', 'SubjectAccessReview']);
  expect(sent[1]?.spec).toEqual({
    user: 'jo',
    groups: ['g'],
    resourceAttributes: { verb: 'get', group: '', version: 'v1', resource: 'nodes', subresource: 'metrics', name: 'node' },
  });
  await clock.advance(300_001);
  await byToken('/metrics/resource', 'good');
  expect(sent).toHaveLength(4);
});

test('a refusal says what was asked for, and is forgotten sooner', async () => {
  const { byToken, clock, sent } = start();
  const message = 'Forbidden (user=jo, verb=get, resource=nodes, subresource(s)=[pods proxy])';
  await expect(byToken('/pods', 'good')).rejects.toMatchObject({ code: 403, message });
  expect(sent).toHaveLength(3);
  await clock.advance(30_001);
  await expect(byToken('/pods', 'good')).rejects.toMatchObject({ code: 403 });
  expect(sent).toHaveLength(5);
});

test('another certificate of the cluster is asked about, with its organizations as groups', async () => {
  const { byCertificate, sent } = start({ allowed: ['stats'] });
  await byCertificate('/stats/summary', { CN: 'prometheus', O: ['monitoring', 'x'] });
  expect(sent[0]?.spec).toMatchObject({ user: 'prometheus', groups: ['monitoring', 'x', 'system:authenticated'] });
  await expect(byCertificate('/containerLogs/n/p/c', { CN: 'prometheus' })).rejects.toMatchObject({ code: 403 });
});
