import { describe, expect, it } from 'vitest';
import { nodes, pods } from '../../api/index.ts';
import type { Pod, PodSpec } from '../../api/schema/generated/types.ts';
import { runScheduler } from '../fake-run.ts';
import { fakeNode, fakePod } from '../fake-scheduler.ts';
import { readConfiguration } from '../scheduler.ts';
import type { AskExtender } from './extenders.ts';

type Question = Record<string, unknown>;
type Answers = Record<string, (body: Question) => unknown>;

/** A scheduler with one extender, at `http://x`, unless `extenders` says more. `answers` by verb; what throws is an extender that fails. */
function start(answers: Answers, ...extenders: object[]) {
  const events: string[] = [];
  const asked: { who: string; verb: string; body: Question }[] = [];
  const askExtender: AskExtender = async ({ urlPrefix }, verb, body) => {
    asked.push({ who: urlPrefix, verb, body: body as Question });
    return answers[`${urlPrefix} ${verb}`]?.(body as Question) ?? answers[verb]?.(body as Question);
  };
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders: extenders.map((extender) => ({ urlPrefix: 'http://x', ...extender })),
  };
  const running = runScheduler({
    document,
    event: (about, _type, reason, message) => void events.push(`${reason} ${about.metadata?.name}: ${message}`),
    askExtender,
  });
  const { cluster } = running;
  return {
    ...running,
    events,
    asked,
    node: (...names: string[]) => names.map((name) => cluster.seed(nodes, fakeNode(name))),
    add: (name: string, spec: Partial<PodSpec> = {}, requests?: Record<string, string>) =>
      cluster.seed(pods, fakePod(spec, requests, { name, namespace: 'default' })),
    scheduled: (name: string) => cluster.find<Pod>(pods, `default/${name}`)?.status?.conditions?.[0],
  };
}

const namesIn = ({ Nodes, NodeNames }: Question): string[] =>
  (
    (NodeNames as string[] | null) ?? (Nodes as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name)
  ).toSorted();
const only = (...names: string[]) => ({ NodeNames: names });
const byName = { nodeCacheCapable: true };

describe('filter', () => {
  it('leaves the nodes that the extender names, whom whole nodes or names are shown', async () => {
    for (const capable of [true, false]) {
      const answer = capable ? only('b') : { nodes: { items: [fakeNode('b')] } };
      await using s = start({ filter: () => answer }, { filterVerb: 'filter', nodeCacheCapable: capable });
      s.node('a', 'b', 'c');
      s.add('p');
      await s.clock.advance(0);
      expect(s.nodeOf('p')).toBe('b');
      const [question] = s.asked;
      expect(question?.body).toMatchObject({ Pod: { metadata: { name: 'p' } } });
      expect(namesIn(question?.body ?? {})).toEqual(['a', 'b', 'c']);
      expect(question?.body.Nodes === null).toBe(capable);
    }
  });

  it('asks each about what the one before left, those that may fail last', async () => {
    const extenders = [
      { urlPrefix: 'http://may-fail', filterVerb: 'f', ...byName, ignorable: true },
      { urlPrefix: 'http://first', filterVerb: 'f', ...byName },
    ];
    await using s = start({ 'http://first f': () => only('b', 'c'), 'http://may-fail f': () => only('c') }, ...extenders);
    s.node('a', 'b', 'c');
    s.add('p');
    await s.clock.advance(0);
    expect(s.asked.map(({ who, body }) => [who, namesIn(body)])).toEqual([
      ['http://first', ['a', 'b', 'c']],
      ['http://may-fail', ['b', 'c']],
    ]);
    expect(s.nodeOf('p')).toBe('c');
  });

  it('tells why a pod has no node in the words of the extender, and tries again whatever happens', async () => {
    let left: string[] = [];
    const answer = () => ({ ...only(...left), FailedNodes: { a: 'too warm' }, FailedAndUnresolvableNodes: { b: 'too old' } });
    await using s = start({ f: answer }, { filterVerb: 'f', ...byName });
    s.node('a', 'b');
    s.add('p', { preemptionPolicy: 'Never' });
    await s.clock.advance(0);
    expect(s.scheduled('p')).toMatchObject({
      reason: 'Unschedulable',
      message:
        '0/2 nodes are available: 1 too old, 1 too warm. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.',
    });
    left = ['a'];
    s.node('c');
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
  });

  it.each([
    ['says that it failed', () => ({ Error: 'out of order' }), 'out of order'],
    ['cannot be reached', () => void thrown('Post "http://x/f": EOF'), 'Post "http://x/f": EOF'],
    ['names a stranger', () => only('z'), 'extender "http://x" claims a filtered node "z" which is not found in the input node list'],
  ])('fails the pod for now when the extender %s', async (_, answer, message) => {
    await using s = start({ f: answer }, { filterVerb: 'f', ...byName });
    s.node('a');
    s.add('p');
    await s.clock.advance(0);
    expect(s.scheduled('p')).toMatchObject({ reason: 'SchedulerError', message });
    await s.clock.advance(5000);
    expect(s.asked.length).toBeGreaterThan(1);
  });

  it('goes on without one that may fail', async () => {
    await using s = start({ f: () => thrown('gone') }, { filterVerb: 'f', ...byName, ignorable: true });
    s.node('a');
    s.add('p');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('a');
  });
});

const thrown = (message: string): never => {
  throw new Error(message);
};

describe('resources that an extender manages', () => {
  const managed = { filterVerb: 'f', ...byName, managedResources: [{ name: 'example.com/dongle', ignoredByScheduler: true }] };

  it('are why he is asked, and the scheduler does not count those that he is to', async () => {
    await using s = start({ f: () => only('b') }, managed);
    s.node('a', 'b');
    s.add('other');
    s.add('p', {}, { 'example.com/dongle': '5' });
    await s.clock.advance(0);
    expect(s.asked.map(({ body }) => (body.Pod as Pod).metadata?.name)).toEqual(['p']);
    expect(s.nodeOf('p')).toBe('b');
    expect(s.nodeOf('other')).toBeDefined();
  });
});

describe('prioritize', () => {
  it('adds the weighted scores of all extenders to those of plugins', async () => {
    const score = (host: string, points: number) => [{ Host: host, Score: points }];
    const extenders = [
      { urlPrefix: 'http://a', prioritizeVerb: 's', weight: 1, ...byName },
      { urlPrefix: 'http://b', prioritizeVerb: 's', weight: 5, ...byName },
    ];
    await using s = start({ 'http://a s': () => score('a', 10), 'http://b s': () => score('b', 10) }, ...extenders);
    s.node('a', 'b', 'c');
    s.add('p');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
  });

  it('does without one that fails, and is not asked when there is one node alone', async () => {
    await using s = start({ s: () => thrown('late') }, { prioritizeVerb: 's', weight: 1 });
    s.node('a');
    s.add('p');
    await s.clock.advance(0);
    expect([s.nodeOf('p'), s.asked.length]).toEqual(['a', 0]);
    s.node('b');
    s.add('q');
    await s.clock.advance(0);
    expect([s.nodeOf('q') !== undefined, s.asked.length]).toEqual([true, 1]);
  });
});

describe('bind', () => {
  it('is the extender’s, who binds it in the API', async () => {
    await using s = start({ b: () => ({}) }, { bindVerb: 'b' });
    s.node('a');
    s.add('p');
    await s.clock.advance(0);
    const uid = s.cluster.find<Pod>(pods, 'default/p')?.metadata?.uid;
    expect(s.asked).toEqual([{ who: 'http://x', verb: 'b', body: { PodName: 'p', PodNamespace: 'default', PodUID: uid, Node: 'a' } }]);
    expect(s.cluster.writes.filter((write) => write.includes('binding'))).toEqual([]);
    expect(s.events).toEqual(['Scheduled p: Successfully assigned default/p to a']);
  });

  it('is tried again when it fails, and is the scheduler’s own when the extender may fail', async () => {
    await using s = start({ b: () => ({ Error: 'no' }) }, { bindVerb: 'b' });
    s.node('a');
    s.add('p');
    await s.clock.advance(0);
    expect(s.scheduled('p')).toMatchObject({ reason: 'SchedulerError', message: 'no' });
    await using t = start({ b: () => ({ Error: 'no' }) }, { bindVerb: 'b', ignorable: true });
    t.node('a');
    t.add('p');
    await t.clock.advance(0);
    expect(t.nodeOf('p')).toBe('a');
  });
});

describe('preempt', () => {
  /** Two nodes full of one less important pod each, and one more important pod that waits. */
  const full = async (answer: (body: Question) => unknown, more: object = {}) => {
    const s = start({ p: answer }, { preemptVerb: 'p', ...byName, ...more });
    s.node('a', 'b');
    s.cluster.seed(pods, fakePod({ priority: 1, nodeName: 'a' }, { cpu: '2' }, { name: 'on-a', namespace: 'default', uid: 'ua' }));
    s.cluster.seed(pods, fakePod({ priority: 1, nodeName: 'b' }, { cpu: '2' }, { name: 'on-b', namespace: 'default', uid: 'ub' }));
    s.add('p', { priority: 9 }, { cpu: '2' });
    await s.clock.advance(0);
    return s;
  };
  const isLeaving = ({ cluster }: Awaited<ReturnType<typeof full>>, name: string) =>
    cluster.find(pods, `default/${name}`)?.metadata?.deletionTimestamp !== undefined;
  const victims = (node: string, ...uids: string[]) => ({
    NodeNameToMetaVictims: { [node]: { Pods: uids.map((UID) => ({ UID })), NumPDBViolations: 0 } },
  });

  it('takes the node and the victims that the extender leaves', async () => {
    await using s = await full(() => victims('b', 'ub'));
    const meta = (UID: string) => ({ Pods: [{ UID }], NumPDBViolations: 0 });
    expect(s.asked[0]?.body).toMatchObject({ NodeNameToVictims: null, NodeNameToMetaVictims: { a: meta('ua'), b: meta('ub') } });
    expect([isLeaving(s, 'on-a'), isLeaving(s, 'on-b')]).toEqual([false, true]);
  });

  it('shows whole pods to one who does not know them', async () => {
    await using s = await full(() => victims('a', 'ua'), { nodeCacheCapable: false });
    expect(s.asked[0]?.body).toMatchObject({ NodeNameToVictims: { a: { Pods: [{ metadata: { name: 'on-a' } }] } } });
    expect([isLeaving(s, 'on-a'), isLeaving(s, 'on-b')]).toEqual([true, false]);
  });

  it.each([
    ['none', () => ({ NodeNameToMetaVictims: {} }), 'no candidate node for preemption'],
    ['one without victims', () => victims('a'), 'expected at least one victim pod on node "a"'],
    [
      'a pod that is not there',
      () => victims('a', 'ux'),
      'extender: http://x claims to preempt pod (UID: ux) on node: a, but the pod is not found on that node',
    ],
  ])('has nobody leave when the extender leaves %s', async (_, answer, message) => {
    await using s = await full(answer);
    expect(s.scheduled('p')?.message).toBe(
      `0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: ${message}`,
    );
    expect([isLeaving(s, 'on-a'), isLeaving(s, 'on-b')]).toEqual([false, false]);
  });
});

it('decides on one view: what happens while an extender thinks is seen afterwards', async () => {
  const thinking = Promise.withResolvers<object>();
  await using s = start({ f: () => thinking.promise }, { filterVerb: 'f', ...byName });
  s.node('a', 'b');
  s.add('p', {}, { cpu: '2' });
  s.add('q', {}, { cpu: '2' });
  await s.clock.advance(0);
  await s.cluster.client.delete(nodes, 'b', { signal: new AbortController().signal });
  await s.clock.advance(0);
  expect(s.asked.length).toBe(1);
  thinking.resolve(only('a'));
  await s.clock.advance(0);
  expect(s.nodeOf('p')).toBe('a');
  expect(s.scheduled('q')?.message).toMatch(/^0\/1 nodes are available: 1 Insufficient cpu\./);
});

describe('a configuration of extenders', () => {
  const read = (...extenders: object[]) =>
    readConfiguration({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', extenders }).extenders;

  it.each([
    [[{ urlPrefix: 'ftp://x' }], 'extenders[0].urlPrefix: must be a URL of http or https'],
    [[{ urlPrefix: 'http://x', prioritizeVerb: 'p' }], 'extenders[0].weight: must have a positive weight applied to it'],
    [
      [
        { urlPrefix: 'http://x', bindVerb: 'b' },
        { urlPrefix: 'http://y', bindVerb: 'b' },
      ],
      'extenders: only one extender can implement bind, found 2',
    ],
    [[{ urlPrefix: 'http://x', httpTimeout: 'soon' }], 'extenders[0].httpTimeout: must be a duration, such as 500ms'],
    [
      [{ urlPrefix: 'http://x', managedResources: [{ name: 'cpu' }] }],
      'extenders[0].managedResources[0].name: "cpu" is an invalid extended resource name',
    ],
    [
      [{ urlPrefix: 'http://x', managedResources: [{ name: 'a.b/c' }, { name: 'a.b/c' }] }],
      'extenders[0].managedResources[1].name: duplicate extender managed resource name "a.b/c"',
    ],
    [
      [{ urlPrefix: 'https://x', tlsConfig: { insecure: true, caFile: '/ca' } }],
      'extenders[0].tlsConfig: specifying a root certificates file with the insecure flag is not allowed',
    ],
    [[{ urlPrefix: 'http://x', verb: 'x' }], 'extenders[0].verb: unknown field'],
  ])('%j is refused', (extenders, message) => {
    expect(() => read(...extenders)).toThrow(message);
  });

  it('has upstream’s time to answer, and checks certificates unless told not to', () => {
    expect(read({ urlPrefix: 'https://x' })[0]).toMatchObject({ timeoutMs: 5000, tls: { insecure: false } });
    expect(read({ urlPrefix: 'https://x', enableHTTPS: true, httpTimeout: '300ms' })[0]).toMatchObject({
      timeoutMs: 300,
      tls: { insecure: true },
    });
    const caData = Buffer.from('PEM').toString('base64');
    expect(read({ urlPrefix: 'https://x', enableHTTPS: true, tlsConfig: { caData, caFile: '/ca' } })[0]?.tls).toMatchObject({
      insecure: false,
      ca: { pem: 'PEM' },
    });
  });
});
