import { describe, expect, it } from 'vitest';
import type { Node } from '../../api/schema/generated/types.ts';
import { planConditionTaints, planEvictingTaints, silentConditions } from './node-health-plan.ts';

const NOW = '2026-01-01T00:01:00Z';
const node = (ready: string, spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'a', creationTimestamp: '2025-12-01T00:00:00Z' },
  spec,
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const mine = { key: 'mine', effect: 'NoSchedule' };

describe('the conditions of a silent node', () => {
  it('become Unknown in all that only the node can know, once', () => {
    const conditions = silentConditions(node('True'), NOW);
    expect(conditions.map((c) => `${c.type}=${c.status} ${c.reason}`)).toEqual([
      'Ready=Unknown NodeStatusUnknown',
      'MemoryPressure=Unknown NodeStatusNeverUpdated',
      'DiskPressure=Unknown NodeStatusNeverUpdated',
      'PIDPressure=Unknown NodeStatusNeverUpdated',
    ]);
    expect(conditions[1]?.lastHeartbeatTime).toBe('2025-12-01T00:00:00Z');
    expect(silentConditions({ status: { conditions } }, 'later')).toEqual(conditions);
  });
});

describe('the taints of a node', () => {
  it('follow its conditions and leave those of others alone', () => {
    const evicting = { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' };
    expect(planConditionTaints(node('Unknown', { taints: [mine, evicting] }), NOW)).toEqual([
      mine,
      evicting,
      { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule', timeAdded: NOW },
    ]);
    expect(
      planConditionTaints(node('True', { taints: [mine, { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }), NOW),
    ).toEqual([mine]);
    expect(planConditionTaints(node('True', { taints: [mine] }), NOW)).toBeUndefined();
    expect(planConditionTaints(node('True', { unschedulable: true }), NOW)).toEqual([
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule', timeAdded: NOW },
    ]);
  });

  it('that end pods say whether the node is not ready or unreachable, never both', () => {
    const unreachable = planEvictingTaints(node('Unknown', { taints: [mine] }), true, NOW);
    expect(unreachable).toEqual([mine, { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: NOW }]);
    expect(planEvictingTaints(node('Unknown', { taints: unreachable }), true, 'later')).toBeUndefined();
    expect(planEvictingTaints(node('False', { taints: unreachable }), true, 'later')).toEqual([
      mine,
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', timeAdded: 'later' },
    ]);
    expect(planEvictingTaints(node('Unknown', { taints: unreachable }), false, 'later')).toEqual([mine]);
  });
});
