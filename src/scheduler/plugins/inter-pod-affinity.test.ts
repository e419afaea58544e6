import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namespaces } from '../../api/index.ts';
import type { Pod, PodAffinityTerm } from '../../api/schema/generated/types.ts';
import { FakeScheduler, fakeNode, fakePod } from '../fake-scheduler.ts';

const ZONE = 'topology.kubernetes.io/zone';
const HOST = 'kubernetes.io/hostname';
const term = (app: string, topologyKey = ZONE, more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({
  topologyKey,
  labelSelector: { matchLabels: { app } },
  ...more,
});
const near = (...terms: PodAffinityTerm[]) => ({ podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const apart = (...terms: PodAffinityTerm[]) => ({ podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } });
const pod = (app: string, affinity: NonNullable<Pod['spec']>['affinity'] = {}, metadata: Pod['metadata'] = {}) =>
  fakePod({ affinity }, undefined, { labels: { app }, ...metadata });
const threeNodes = () =>
  new FakeScheduler().nodes(fakeNode('a1', { [ZONE]: 'a' }), fakeNode('a2', { [ZONE]: 'a' }), fakeNode('b1', { [ZONE]: 'b' }));

describe('required pod affinity', () => {
  it('puts a pod into the domain of those that it names', () => {
    const scheduler = threeNodes().place('b1', pod('db'));
    expect(scheduler.select(pod('web', near(term('db')))).node).toBe('b1');
    expect(scheduler.select(pod('web', near(term('none')))).message).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod affinity rules.",
    );
  });

  it('lets the first of its kind be anywhere, and the second only near it', () => {
    const scheduler = threeNodes();
    const first = scheduler.schedule(pod('web', near(term('web', HOST))));
    expect(first).toBeDefined();
    expect(scheduler.select(pod('web', near(term('web', HOST)))).node).toBe(first);
  });

  it('wants one pod that all its terms mean', () => {
    const scheduler = threeNodes().place('a1', pod('db')).place('b1', pod('cache'));
    expect(scheduler.select(pod('web', near(term('db'), term('cache')))).node).toBeUndefined();
  });
});

describe('required anti-affinity', () => {
  it('keeps a pod from those that it names, and those that name it from it', () => {
    const scheduler = threeNodes().place('a1', pod('db', apart(term('web'))));
    expect(scheduler.select(pod('web')).node).toBe('b1');
    expect(scheduler.select(pod('other', apart(term('db')))).node).toBe('b1');
    scheduler.place('b1', pod('db'));
    expect(scheduler.select(pod('web', apart(term('db')))).message).toBe(
      "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.",
    );
    expect(scheduler.place('b1', pod('x', apart(term('web')))).select(pod('web')).message).toBe(
      "0/3 nodes are available: 3 node(s) didn't satisfy existing pods anti-affinity rules.",
    );
  });

  it('means pods of its own namespace, of those that it names, or of those that it selects', async () => {
    const scheduler = new FakeScheduler();
    scheduler.cluster.seed(namespaces, { metadata: { name: 'other', labels: { team: 'x' } } });
    await scheduler.sync();
    scheduler.nodes(fakeNode('a1')).place('a1', pod('db', {}, { namespace: 'other' }));
    const fits = (more: Partial<PodAffinityTerm>) => scheduler.select(pod('web', apart(term('db', HOST, more)))).node !== undefined;
    expect(fits({})).toBe(true);
    expect(fits({ namespaces: ['other'] })).toBe(false);
    expect(fits({ namespaceSelector: { matchLabels: { team: 'x' } } })).toBe(false);
    expect(fits({ namespaceSelector: { matchLabels: { team: 'y' } } })).toBe(true);
    expect(fits({ namespaceSelector: {} })).toBe(false);
  });

  it('takes matchLabelKeys and mismatchLabelKeys from the pod', () => {
    const scheduler = new FakeScheduler().nodes(fakeNode('a1')).place('a1', pod('web', {}, { labels: { app: 'web', hash: '1' } }));
    const fits = (hash: string, more: Partial<PodAffinityTerm>) =>
      scheduler.select(pod('web', apart(term('web', HOST, more)), { labels: { app: 'web', hash } })).node !== undefined;
    expect([fits('1', { matchLabelKeys: ['hash'] }), fits('2', { matchLabelKeys: ['hash'] })]).toEqual([false, true]);
    expect([fits('1', { mismatchLabelKeys: ['hash'] }), fits('2', { mismatchLabelKeys: ['hash'] })]).toEqual([true, false]);
  });

  it('never has two pods of one kind in a domain', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 15 }), fc.constantFrom(ZONE, HOST), (apps, key) => {
        const scheduler = threeNodes();
        for (const app of apps) scheduler.schedule(pod(app, apart(term(app, key))));
        const seen = scheduler.cache
          .nodes()
          .flatMap((node) => [...node.pods()].map((p) => `${node.labels?.[key]} ${p.pod.metadata?.labels?.app}`));
        expect(new Set(seen).size).toBe(seen.length);
        const domains = key === ZONE ? 2 : 3;
        for (const app of new Set(apps)) {
          const placed = seen.filter((each) => each.endsWith(` ${app}`)).length;
          expect(placed).toBe(Math.min(domains, apps.filter((a) => a === app).length));
        }
      }),
    );
  });
});

describe('preferred terms', () => {
  const weighted = (weight: number, t: PodAffinityTerm) => [{ weight, podAffinityTerm: t }];
  it('draw and push by their weight, of the pod and of those that are placed', () => {
    const draws = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: weighted(100, term('db', HOST)) } };
    const pushes = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: weighted(100, term('web', HOST)) } };
    expect(threeNodes().place('a2', pod('db')).select(pod('web', draws)).node).toBe('a2');
    const scheduler = threeNodes().place('a1', pod('db', pushes)).place('a2', pod('db', pushes)).place('b1', pod('db'));
    expect(scheduler.select(pod('web')).node).toBe('b1');
  });

  it('of placed pods that require others draw those as well', () => {
    const scheduler = threeNodes().place('b1', pod('web', near(term('db', HOST))));
    expect(scheduler.select(pod('db')).node).toBe('b1');
  });
});
