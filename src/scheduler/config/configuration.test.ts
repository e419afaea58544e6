import { describe, expect, it } from 'vitest';
import { FakeScheduler, fakeNode, fakePod } from '../fake-scheduler.ts';
import { pluginRegistry } from '../plugin-registry.ts';
import { readSchedulerConfiguration } from './configuration.ts';
import { shaped } from './scoring-strategy.ts';

const document = (more: object) => ({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', ...more });
const read = (more: object) => readSchedulerConfiguration(document(more), pluginRegistry);
const profile = (plugins: object, pluginConfig: object[] = []) => document({ profiles: [{ plugins, pluginConfig }] });

describe('a scheduler configuration', () => {
  it('is upstream’s default when it says nothing', () => {
    const { profiles, initialBackoffMs, maxBackoffMs } = read({});
    expect([profiles.map((p) => p.schedulerName), initialBackoffMs, maxBackoffMs]).toEqual([['default-scheduler'], 1000, 10_000]);
  });

  it.each([
    ['of another kind', { kind: 'Pod' }, 'it must be a KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1'],
    ['an unknown field', { profile: [] }, 'profile: unknown field'],
    ['no profile', { profiles: [] }, 'profiles: at least one profile is required'],
    [
      'a name twice',
      { profiles: [{ schedulerName: 'a' }, { schedulerName: 'a' }] },
      'profiles[1].schedulerName: there is a profile "a" already',
    ],
    ['a percentage above 100', { percentageOfNodesToScore: 101 }, 'percentageOfNodesToScore: must be a whole number from 0 to 100'],
    ['a back-off that shrinks', { podInitialBackoffSeconds: 20 }, 'podMaxBackoffSeconds: must be at least podInitialBackoffSeconds'],
    [
      'an unknown plugin',
      { profiles: [{ plugins: { filter: { enabled: [{ name: 'Nope' }] } } }] },
      'profiles[0].plugins.filter.enabled[0].name: there is no plugin "Nope"',
    ],
    [
      'arguments that are wrong',
      { profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'Best' } } }] }] },
      'profiles[0].pluginConfig[0].args.scoringStrategy.type: must be one of LeastAllocated, MostAllocated, RequestedToCapacityRatio',
    ],
  ])('with %s is refused in one sentence', (_, more, message) => {
    expect(() => read(more)).toThrow(new Error(message));
  });

  it('is refused when a plugin does not have the point, or none binds', () => {
    const make = (plugins: object) => () => new FakeScheduler(profile(plugins));
    expect(make({ score: { enabled: [{ name: 'NodeName' }] } })).toThrow(
      'profile default-scheduler: plugin "NodeName" has no extension point score',
    );
    expect(make({ bind: { disabled: [{ name: '*' }] } })).toThrow('profile default-scheduler: at least one bind plugin is required');
    expect(make({ queueSort: { disabled: [{ name: 'PrioritySort' }] } })).toThrow('exactly one queueSort plugin is required');
  });
});

describe('a profile', () => {
  it('does without disabled plugins', () => {
    const cordoned = fakeNode('a', {}, { spec: { unschedulable: true } });
    const disabled = [{ name: 'NodeUnschedulable' }];
    for (const point of ['filter', 'multiPoint']) {
      expect(new FakeScheduler(profile({ [point]: { disabled } })).nodes(cordoned).select(fakePod()).node).toBe('a');
    }
  });

  it('weighs plugins as it says', () => {
    const soft = fakeNode('soft', {}, { spec: { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] } });
    const busy = fakePod({}, { cpu: '1900m', memory: '3Gi' });
    const chosen = (weight: number) => {
      const plugins = { score: { enabled: [{ name: 'NodeResourcesFit', weight }] } };
      return new FakeScheduler(profile(plugins))
        .nodes(soft, fakeNode('busy'))
        .place('busy', busy)
        .select(fakePod({}, { cpu: '50m' })).node;
    };
    expect([chosen(1), chosen(100)]).toEqual(['busy', 'soft']);
  });

  it('fills nodes up with MostAllocated, and to the best share with RequestedToCapacityRatio', () => {
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 50, score: 10 },
      { utilization: 100, score: 0 },
    ];
    const chosen = (scoringStrategy: object) => {
      const config = [{ name: 'NodeResourcesFit', args: { scoringStrategy } }];
      const scheduler = new FakeScheduler(profile({ score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }] } }, config));
      scheduler.nodes(fakeNode('empty'), fakeNode('half'), fakeNode('full'));
      scheduler.place('half', fakePod({}, { cpu: '700m', memory: '1.4Gi' })).place('full', fakePod({}, { cpu: '1600m', memory: '3.2Gi' }));
      return scheduler.select(fakePod({}, { cpu: '300m', memory: '0.6Gi' })).node;
    };
    expect(chosen({ type: 'LeastAllocated' })).toBe('empty');
    expect(chosen({ type: 'MostAllocated' })).toBe('full');
    expect(chosen({ type: 'RequestedToCapacityRatio', requestedToCapacityRatio: { shape } })).toBe('half');
  });

  it('asks of nodes what addedAffinity says', () => {
    const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['a'] }] }] };
    const args = { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
    const scheduler = new FakeScheduler(profile({}, [{ name: 'NodeAffinity', args }])).nodes(fakeNode('x'));
    expect(scheduler.select(fakePod()).message).toBe("0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity.");
    expect(scheduler.nodes(fakeNode('y', { team: 'a' })).select(fakePod()).node).toBe('y');
  });
});

it('a shape is a line between its points, flat outside', () => {
  const score = shaped([
    { utilization: 20, score: 0 },
    { utilization: 60, score: 100 },
  ]);
  expect([score(0, 100), score(20, 100), score(40, 100), score(60, 100), score(90, 100), score(200, 100)]).toEqual([
    0, 0, 50, 100, 100, 100,
  ]);
});
