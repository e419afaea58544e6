import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clusterRoles } from '../../api/index.ts';
import type { ClusterRole } from '../../api/schema/generated/types.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { clusterRoleAggregation } from './clusterrole-aggregation.ts';

const rules = (resource: string) => [{ apiGroups: [''], resources: [resource], verbs: ['get'] }];
const part = (name: string, label: string, resource: string): ClusterRole => ({
  metadata: { name, labels: { [label]: 'true' } },
  rules: rules(resource),
});
const whole = (name: string, selects: string, labels?: Record<string, string>): ClusterRole => ({
  metadata: { name, labels },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [selects]: 'true' } }] },
  rules: [],
});

describe('the aggregation of ClusterRoles', () => {
  let clock: FakeClock;
  let cluster: FakeCluster;
  let stop: AbortController;
  beforeEach(async () => {
    clock = fakeClock();
    cluster = fakeCluster({ clock });
    stop = new AbortController();
    startControllers([clusterRoleAggregation], { client: cluster.client, clock, signal: stop.signal });
    await clock.advance(100);
  });
  afterEach(() => stop.abort());
  const rulesOf = (name: string) => cluster.find(clusterRoles, name)?.rules?.flatMap(({ resources }) => resources ?? []);

  it('writes the rules of selected roles, by name, and follows them as they come and go', async () => {
    cluster.seed(clusterRoles, whole('ops', 'to-ops'));
    cluster.seed(clusterRoles, part('b', 'to-ops', 'pods'));
    cluster.seed(clusterRoles, part('a', 'to-ops', 'nodes'));
    cluster.seed(clusterRoles, part('c', 'to-dev', 'secrets'));
    await clock.advance(2000);
    expect(rulesOf('ops')).toEqual(['nodes', 'pods']);
    await cluster.client.delete(clusterRoles, 'a', { signal: stop.signal });
    await clock.advance(2000);
    expect(rulesOf('ops')).toEqual(['pods']);
  });

  it('reaches through roles that aggregate in turn, and comes to rest', async () => {
    cluster.seed(clusterRoles, whole('top', 'to-top'));
    cluster.seed(clusterRoles, whole('middle', 'to-middle', { 'to-top': 'true' }));
    cluster.seed(clusterRoles, part('leaf', 'to-middle', 'pods'));
    await clock.advance(2000);
    expect([rulesOf('top'), rulesOf('middle')]).toEqual([['pods'], ['pods']]);
    const { length } = cluster.writes;
    await clock.advance(60_000);
    expect(cluster.writes).toHaveLength(length);
  });
});
