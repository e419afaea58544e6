import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node } from '../../api/schema/generated/types.ts';
import { isNews } from '../lib/news-plan.ts';
import { disruptionOf, planZones, zoneFacts } from './zone-plan.ts';

const node = (zone: string, ready: boolean, labels: Record<string, string> = {}): Node => ({
  metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': zone, ...labels } },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});
const zone = (name: string, ready: number, notReady: number) => [
  ...Array.from({ length: ready }, () => node(name, true)),
  ...Array.from({ length: notReady }, () => node(name, false)),
];
const rates = (nodes: Node[]) => Object.fromEntries(planZones(nodes).rates);

describe('news of a node', () => {
  const calm = node('a', true);
  const reported = { ...calm, status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }] } };
  const tainted = { ...calm, spec: { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] } };

  it('are not that it is still well', () => expect(isNews(zoneFacts, reported, calm)).toBe(false));
  it.each([
    ['that it came', calm, undefined],
    ['that it is not ready', node('a', false), calm],
    ['that it is in another zone', node('b', true), calm],
    ['that it does not count any more', node('a', true, { 'node.kubernetes.io/exclude-disruption': '' }), calm],
    ['that it has a taint which ends pods', tainted, calm],
  ])('are %s', (_, now, before) => expect(isNews(zoneFacts, now, before)).toBe(true));
});

describe('the state of a zone', () => {
  it('is disrupted in part from 55 % and three nodes on', () => {
    expect(disruptionOf({ ready: 1, notReady: 2 })).toBe('Normal');
    expect(disruptionOf({ ready: 3, notReady: 3 })).toBe('Normal');
    expect(disruptionOf({ ready: 2, notReady: 3 })).toBe('PartialDisruption');
    expect(disruptionOf({ ready: 0, notReady: 1 })).toBe('FullDisruption');
    expect(disruptionOf({ ready: 0, notReady: 0 })).toBe('Normal');
  });

  it('says how fast its pods may be moved: slower in large zones, not at all in small ones', () => {
    expect(rates([...zone('a', 9, 1), ...zone('b', 40, 60), ...zone('c', 4, 6), ...zone('d', 0, 3)])).toEqual({
      '/a': 0.1,
      '/b': 0.01,
      '/c': 0,
      '/d': 0.1,
    });
  });

  it('does not count nodes that are left out by their label', () => {
    const excluded = node('a', true, { 'node.kubernetes.io/exclude-disruption': '' });
    expect(planZones([excluded, ...zone('a', 0, 1)]).allDisrupted).toBe(true);
  });

  it('stops everything when no node is ready anywhere, and only then', () => {
    const count = fc.record({ zone: fc.constantFrom('a', 'b', 'c'), ready: fc.nat(3), notReady: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(count), (counts) => {
        const plan = planZones(counts.flatMap((c) => zone(c.zone, c.ready, c.notReady)));
        const [ready, notReady] = [counts.some((c) => c.ready > 0), counts.some((c) => c.notReady > 0)];
        expect(plan.allDisrupted).toBe(!ready && notReady);
        if (plan.allDisrupted) expect(new Set(plan.rates.values())).toEqual(new Set([0]));
      }),
    );
  });
});
