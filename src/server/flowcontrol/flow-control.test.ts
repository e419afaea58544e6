import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultFlowSchemas } from '../../api/flowcontrol/default-objects.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { type FakeServer, serve } from '../http/fake-server.ts';
import { dumpFlowControl } from './dump.ts';
import { createFlowControl, FLOW_SCHEMAS, type FlowControl, PRIORITY_LEVELS, type Seat } from './flow-control.ts';

class FakeReply extends EventEmitter {
  readonly headers: Record<string, string> = {};
  setHeader(name: string, value: string): void {
    this.headers[name] = value;
  }
}

let api: FakeApi;
let clock: FakeClock;
let flow: FlowControl;
const level = (name: string, limited: object) => ({ body: { metadata: { name }, spec: { type: 'Limited', limited } } });
const schema = (name: string, levelName: string, user: string) => ({
  body: {
    metadata: { name },
    spec: {
      priorityLevelConfiguration: { name: levelName },
      matchingPrecedence: 10,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [{ kind: 'User', user: { name: user } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
        },
      ],
    },
  },
});
const queue = (queueLengthLimit: number) => ({ type: 'Queue', queuing: { queues: 8, handSize: 2, queueLengthLimit } });

beforeEach(async () => {
  api = await fakeApi();
  clock = fakeClock();
  await api.call(
    'create',
    PRIORITY_LEVELS,
    level('busy', { nominalConcurrencyShares: 5, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: queue(2) }),
  );
  await api.call(
    'create',
    PRIORITY_LEVELS,
    level('hard', { nominalConcurrencyShares: 0, borrowingLimitPercent: 0, limitResponse: { type: 'Reject' } }),
  );
  await api.call('create', FLOW_SCHEMAS, schema('busy', 'busy', 'jane'));
  await api.call('create', FLOW_SCHEMAS, schema('hard', 'hard', 'joe'));
  await api.call('create', FLOW_SCHEMAS, schema('dangling', 'none', 'ann'));
  // Half of four seats each for `busy` and the mandatory catch-all.
  flow = createFlowControl({ reader: api.objects, seats: 4, waitMs: 15_000, clock });
});
afterEach(() => flow[Symbol.dispose]());

const enter = (name: string, verb: 'get' | 'watch' = 'get', reply = new FakeReply(), subresource?: string) => {
  const request = { verb, group: '', version: 'v1', resource: 'pods', namespace: 'a', name: 'p', subresource };
  return flow.enter({ user: { name, groups: [] }, request, path: '/x', method: 'GET', reply: reply as unknown as ServerResponse });
};
const countOf = (name: string) => [...flow.counts].find((count) => count.schema === name);

describe('flow control', () => {
  it('says how a request was classified', async () => {
    const reply = new FakeReply();
    await enter('jane', 'get', reply);
    const { metadata } = await api.call('get', FLOW_SCHEMAS, { name: 'busy' });
    expect(reply.headers['X-Kubernetes-PF-FlowSchema-UID']).toBe(metadata?.uid);
    expect(reply.headers['X-Kubernetes-PF-PriorityLevel-UID']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('lets as many in as the level has seats, then those that wait, in turn', async () => {
    const seats = [enter('jane'), enter('jane')] as Seat[];
    expect(seats.every((seat) => !(seat instanceof Promise))).toBe(true);
    const third = enter('jane');
    expect(third).toBeInstanceOf(Promise);
    seats[0]?.release();
    seats[0]?.release();
    const seat = await third;
    const fourth = enter('jane');
    expect(fourth).toBeInstanceOf(Promise);
    seat.release();
    seats[1]?.release();
    (await fourth).release();
    expect([...flow.levels].map(({ executing }) => executing).reduce((a, b) => a + b)).toBe(0);
    expect(countOf('busy')).toMatchObject({ dispatched: 4 });
  });

  it('refuses what the queues cannot hold, what waits too long and what has no queue', async () => {
    enter('jane');
    enter('jane');
    const waiting = Array.from({ length: 5 }, () => Promise.resolve(enter('jane')));
    const outcomes = waiting.map((each) =>
      each.then(
        () => 'in',
        ({ reason, message, details }) => [reason, message, details],
      ),
    );
    // A hand of two queues, two places each.
    expect(await outcomes[4]).toEqual(['TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 }]);
    clock.advance(15_000);
    for (const outcome of outcomes) expect(await outcome).toContain('TooManyRequests');
    expect(countOf('busy')?.rejected).toMatchObject({ 'queue-full': 1, 'time-out': 4 });
    expect(() => enter('joe')).toThrow('Too many requests');
    expect(countOf('hard')?.rejected).toMatchObject({ 'concurrency-limit': 1 });
  });

  it('forgets who has gone', async () => {
    const [first] = [enter('jane'), enter('jane')] as Seat[];
    const reply = new FakeReply();
    const gone = Promise.resolve(enter('jane', 'get', reply));
    const next = enter('jane');
    reply.emit('close');
    await expect(gone).rejects.toMatchObject({ reason: 'TooManyRequests' });
    first?.release();
    await expect(next).resolves.toBeDefined();
  });

  it('never counts exec and logs, and nobody who is exempt', () => {
    for (let i = 0; i < 20; i += 1) expect(enter('jane', 'get', new FakeReply(), 'exec')).not.toBeInstanceOf(Promise);
    const user = { name: 'root', groups: ['system:masters'] };
    const asked = () =>
      flow.enter({ user, request: undefined, path: '/version', method: 'GET', reply: new FakeReply() as unknown as ServerResponse });
    const seats = Array.from({ length: 20 }, asked) as Seat[];
    for (const seat of seats) expect(seat).not.toBeInstanceOf(Promise);
    // They are shown all the same, and take nothing from the others.
    const exempt = [...flow.levels].find(({ limits }) => limits.exempt);
    expect(exempt).toMatchObject({ requests: 20, executing: 20, waiting: 0 });
    const rows = (name: string) =>
      (dumpFlowControl(flow, `/debug/api_priority_and_fairness/${name}`, new URLSearchParams('includeRequestDetails=1')) ?? '')
        .split('\n')
        .map((line) => line.split(/,\s*/))
        .filter(([level]) => level === 'exempt');
    expect(rows('dump_priority_levels')).toEqual([['exempt', '0', 'false', 'false', '0', '20', '20', '0', '0', '0']]);
    expect(rows('dump_requests')).toHaveLength(20);
    const started = '2026-01-01T00:00:00Z';
    const shown = ['exempt', 'exempt', '-1', '-1', '', started, '1', '0', '0s', started, 'root', 'get', '/version', '', '', '', '', ''];
    expect(rows('dump_requests')[0]).toEqual(shown);
    expect(enter('jane')).not.toBeInstanceOf(Promise);
    expect(enter('jane')).not.toBeInstanceOf(Promise);
    for (const seat of seats) seat.release();
    expect(exempt).toMatchObject({ requests: 0, executing: 0 });
    expect(rows('dump_priority_levels')).toEqual([['exempt', '0', 'true', 'false', '0', '0', '20', '0', '0', '0']]);
  });

  it('sends to catch-all whom no schema with a level matches', async () => {
    enter('ann');
    expect(countOf('catch-all')?.dispatched).toBe(1);
  });

  it('follows changes: more seats let waiting requests start, a level that is gone sends them away', async () => {
    enter('jane');
    enter('jane');
    const waiting = enter('jane');
    const { body } = level('busy', { nominalConcurrencyShares: 50, lendablePercent: 0, limitResponse: queue(2) });
    await api.call('update', PRIORITY_LEVELS, { name: 'busy', body });
    await expect(waiting).resolves.toBeDefined();
    enter('jane');
    const last = Promise.resolve(enter('jane'));
    last.catch(() => {});
    await api.call('delete', PRIORITY_LEVELS, { name: 'busy' });
    await expect(last).rejects.toMatchObject({ reason: 'TooManyRequests' });
  });
});

it('keeps mandatory levels, and borrows only what is lent', async () => {
  const empty = await fakeApi();
  const defaults = createFlowControl({ reader: empty.objects, seats: 49, waitMs: 15_000, clock });
  // 10 of 49 seats by shares: global-default has 4 and never less than 2, and everybody else keeps something.
  const enterAs = (name: string) =>
    defaults.enter({
      user: { name, groups: ['system:authenticated'] },
      request: undefined,
      path: '/version',
      method: 'GET',
      reply: new FakeReply() as unknown as ServerResponse,
    });
  const entered = Array.from({ length: 49 }, () => enterAs('jane'));
  entered.forEach((seat) => void (seat instanceof Promise && seat.catch(() => {})));
  const at = entered.findIndex((seat) => seat instanceof Promise);
  const kept = [...defaults.levels]
    .filter(({ limits }) => limits.name !== 'global-default')
    .reduce((sum, { limits }) => sum + limits.lower, 0);
  expect(at).toBe(49 - kept);
  expect(at).toBeGreaterThan(4);
  expect(defaultFlowSchemas().length).toBe(13);
  defaults[Symbol.dispose]();
});

describe('over HTTP', () => {
  let fake: FakeServer;
  afterEach(() => fake.stop());

  it('answers 429 with Retry-After to one flow while others are served', async () => {
    let release: (() => void)[] = [];
    const plugin = {
      name: 'Slow',
      validate: ({ context }: { context: { user: { name: string } } }) =>
        context.user.name === 'flood' ? new Promise<void>((resolve) => release.push(resolve)) : undefined,
    };
    fake = await serve({
      flow: { seats: 1 },
      admission: [plugin],
      authenticator: async ({ authorization = '' }) => ({
        name: authorization,
        groups: authorization === 'flood' ? [] : ['system:authenticated'],
      }),
    });
    const post = (user: string, name: string) =>
      fake.call('/api/v1/namespaces/default/configmaps', {
        method: 'POST',
        headers: { authorization: user },
        body: JSON.stringify({ metadata: { name } }),
      });
    // No group: catch-all, which has one seat and no queue; jane's level has one as well.
    const first = post('flood', 'a');
    await vi.waitFor(() => expect(release).toHaveLength(1));
    const second = await post('flood', 'b');
    expect([second.code, second.headers['retry-after'], second.json().reason]).toEqual([429, '1', 'TooManyRequests']);
    expect(second.headers).toHaveProperty('x-kubernetes-pf-flowschema-uid');
    expect((await post('jane', 'c')).code).toBe(201);
    for (const each of release) each();
    release = [];
    expect((await first).code).toBe(201);
    const { text } = await fake.call('/metrics');
    expect(text).toContain(
      'apiserver_flowcontrol_rejected_requests_total{priority_level="catch-all",flow_schema="catch-all",reason="concurrency-limit"}',
    );
    const about = 'verb="POST",group="",version="v1",resource="configmaps",subresource="",scope="resource",component="apiserver"';
    expect(text).toContain(`apiserver_request_terminations_total{${about},code="429"} 1\n`);
    expect(text).toContain('apiserver_flowcontrol_nominal_limit_seats{priority_level="catch-all"} 1');
  });
});

describe('requests that are wider than one seat', () => {
  let wide: FlowControl;
  let watchers = 0;
  const ask = async (verb: 'get' | 'list' | 'patch', started: string[] = [], what: string = verb) => {
    const request = { verb, group: '', version: 'v1', resource: 'pods', namespace: 'a', ...(verb !== 'list' && { name: 'p' }) };
    const reply = new FakeReply() as unknown as ServerResponse;
    const seat = await wide.enter({ user: { name: 'jane', groups: [] }, request, path: '/api/v1/pods', method: 'GET', reply });
    started.push(what);
    return seat;
  };
  const busy = () => [...wide.levels].find(({ limits }) => limits.name === 'busy');
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    watchers = 0;
    const load = { of: () => ({ objects: 5_000, averageBytes: 3_000 }), watchers: () => watchers };
    // Fifty seats for `busy`, of which a request gets eight at most.
    wide = createFlowControl({ reader: api.objects, seats: 100, waitMs: 15_000, load, clock });
  });
  afterEach(() => wide[Symbol.dispose]());

  it('wait until all their seats are free, and nothing overtakes them', async () => {
    const lists = await Promise.all(Array.from({ length: 6 }, () => ask('list')));
    expect(busy()).toMatchObject({ executing: 48, requests: 6, waiting: 0 });
    const started: string[] = [];
    const waiting = [ask('list', started, 'seventh list'), ask('get', started)];
    await settled();
    expect(started).toEqual([]);
    lists[0]?.release();
    await settled();
    expect(started).toEqual(['seventh list', 'get']);
    expect(busy()).toMatchObject({ executing: 49, requests: 7 });
    for (const seat of [...lists, ...(await Promise.all(waiting))]) seat.release();
    expect(busy()).toMatchObject({ executing: 0, requests: 0 });
  });

  it('keep seats for a while after they are answered when many watch what they changed', async () => {
    watchers = 40;
    const seat = await ask('patch');
    expect(busy()).toMatchObject({ executing: 1, requests: 1 });
    seat.release();
    expect(busy()).toMatchObject({ executing: 4, requests: 0 });
    await clock.advance(5);
    expect(busy()).toMatchObject({ executing: 0 });
  });

  it('are shown to those who look inside', async () => {
    const lists = await Promise.all(Array.from({ length: 6 }, () => ask('list')));
    const waiting = ask('list');
    await settled();
    const dump = (name: string, query = '') =>
      (dumpFlowControl(wide, `/debug/api_priority_and_fairness/${name}`, new URLSearchParams(query)) ?? '')
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/,\s*/));
    const [columns, ...levels] = dump('dump_priority_levels');
    expect(columns?.slice(0, 6)).toEqual([
      'PriorityLevelName',
      'ActiveQueues',
      'IsIdle',
      'IsQuiescing',
      'WaitingRequests',
      'ExecutingRequests',
    ]);
    expect(levels.find(([name]) => name === 'busy')).toEqual(['busy', '1', 'false', 'false', '1', '6', '6', '0', '0', '0']);
    const queues = dump('dump_queues').filter(([name]) => name === 'busy');
    expect(queues).toHaveLength(8);
    expect(queues.filter(([, , pending]) => pending === '1')).toHaveLength(1);
    const requests = dump('dump_requests', 'includeRequestDetails=1').slice(1);
    expect(requests).toHaveLength(7);
    expect(requests[0]?.slice(10)).toEqual(['jane', 'list', '/api/v1/pods', 'a', '', 'v1', 'pods', '']);
    expect(requests.map((row) => [row[3], row[6]])).toEqual([['0', '8'], ...Array(6).fill(['-1', '8'])]);
    expect(dumpFlowControl(wide, '/debug/other', new URLSearchParams())).toBeUndefined();
    for (const seat of lists) seat.release();
    (await waiting).release();
  });

  it('take and give back exactly what they have, whatever happens', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('get', 'list', 'patch', 'release'), fc.nat(60)), { maxLength: 40 }),
        async (steps) => {
          const held: Seat[] = [];
          const entered: Promise<unknown>[] = [];
          for (const [what, n] of steps) {
            watchers = n;
            if (what === 'release') held.splice(n % Math.max(held.length, 1), 1)[0]?.release();
            else
              entered.push(
                ask(what as 'get').then(
                  (seat) => held.push(seat),
                  () => undefined,
                ),
              );
            await settled();
            expect(busy()?.executing).toBeLessThanOrEqual(50 + 8);
            expect(busy()?.executing).toBeGreaterThanOrEqual(busy()?.requests ?? 0);
          }
          while (held.length > 0 || (busy()?.waiting ?? 0) > 0) {
            for (const seat of held.splice(0)) seat.release();
            await settled();
          }
          await Promise.all(entered);
          await clock.advance(1_000);
          expect(busy()).toMatchObject({ executing: 0, requests: 0, waiting: 0 });
        },
      ),
      { numRuns: 30 },
    ));
});
