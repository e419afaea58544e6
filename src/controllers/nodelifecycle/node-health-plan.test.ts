import { describe, expect, it } from 'vitest';
import type { Node, Pod, Toleration } from '../../api/schema/generated/types.ts';
import { evictionAtMs, lastHeardMs, planTaints, silentConditions } from './node-health-plan.ts';

const NOW = '2026-01-01T00:01:00Z';
const node = (ready: string, spec: Node['spec'] = {}): Node => ({
  metadata: { name: 'a' },
  spec,
  status: { conditions: [{ type: 'Ready', status: ready }] },
});
const pod = (...tolerations: Toleration[]): Pod => ({ metadata: { name: 'p' }, spec: { containers: [], tolerations } });

describe('the health of a node', () => {
  it('is known from its lease or its status, whichever is newer', () => {
    const lease = { spec: { renewTime: '2026-01-01T00:00:50.000000Z' } };
    expect(lastHeardMs(node('True'), lease)).toBe(Date.UTC(2026, 0, 1, 0, 0, 50));
    expect(lastHeardMs(node('True'), undefined)).toBeUndefined();
  });

  it('becomes Unknown in all that only the node can know, once', () => {
    const conditions = silentConditions(node('True'), NOW);
    expect(conditions.map((c) => `${c.type}=${c.status} ${c.reason}`)).toEqual([
      'Ready=Unknown NodeStatusUnknown',
      'MemoryPressure=Unknown NodeStatusNeverUpdated',
      'DiskPressure=Unknown NodeStatusNeverUpdated',
      'PIDPressure=Unknown NodeStatusNeverUpdated',
    ]);
    expect(silentConditions({ status: { conditions } }, 'later')).toEqual(conditions);
  });
});

describe('the taints of a node', () => {
  it('follow its conditions and leave those of others alone', () => {
    const mine = { key: 'mine', effect: 'NoSchedule' };
    expect(planTaints(node('Unknown', { taints: [mine] }), NOW)).toEqual([
      mine,
      { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: NOW },
    ]);
    expect(planTaints(node('True', { taints: [mine, { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }] }), NOW)).toEqual([
      mine,
    ]);
    expect(planTaints(node('True', { taints: [mine] }), NOW)).toBeUndefined();
    expect(planTaints(node('True', { unschedulable: true }), NOW)).toEqual([
      { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
    ]);
  });
});

describe('the eviction of a pod', () => {
  const nowMs = Date.parse(NOW);
  const taints = [{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' }];

  it('is at once without a toleration, after the shortest tolerated time, or never', () => {
    expect(evictionAtMs(pod(), taints, nowMs)).toBe(nowMs);
    expect(evictionAtMs(pod({ key: 'k', operator: 'Exists' }), taints, nowMs)).toBeUndefined();
    const seconds = (tolerationSeconds: number) => ({ key: 'k', operator: 'Exists', tolerationSeconds });
    expect(evictionAtMs(pod(seconds(300), seconds(90)), taints, nowMs)).toBe(Date.UTC(2026, 0, 1, 0, 1, 30));
    expect(evictionAtMs(pod(), [{ key: 'k', effect: 'NoSchedule' }], nowMs)).toBeUndefined();
  });
});
