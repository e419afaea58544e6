import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Endpoint, Node } from '../../api/schema/generated/types.ts';
import { hintsByLoad, zoneShares } from './hints-plan.ts';

const node = (zone: string | undefined, cpu: string, ready = 'True', labels: Record<string, string> = {}): Node => ({
  metadata: { name: 'n', labels: { ...(zone && { 'topology.kubernetes.io/zone': zone }), ...labels } },
  status: { allocatable: { cpu }, conditions: [{ type: 'Ready', status: ready }] },
});
const endpoint = (zone: string | undefined, i: number, ready = true): Endpoint => ({
  addresses: [`10.0.0.${i}`],
  zone,
  conditions: { ready },
});
const zonesOf = (endpoints: readonly Endpoint[]) => endpoints.map((e) => e.hints?.forZones?.[0]?.name);
const halves = new Map([
  ['a', 0.5],
  ['b', 0.5],
]);

describe("the zones' parts of the CPU", () => {
  it('count ready nodes that are not of the control plane', () => {
    const control = node('a', '64', 'True', { 'node-role.kubernetes.io/control-plane': '' });
    expect(zoneShares([node('a', '3'), node('b', '1'), node('b', '64', 'False'), control])).toEqual(
      new Map([
        ['a', 0.75],
        ['b', 0.25],
      ]),
    );
  });

  it('are not known when a node has no zone or no CPU, or all are in one zone', () => {
    expect(zoneShares([node('a', '1'), node('b', '1'), node(undefined, '1')])).toBeUndefined();
    expect(zoneShares([node('a', '1'), node('b', '0')])).toBeUndefined();
    expect(zoneShares([node('a', '1'), node('a', '1')])).toBeUndefined();
  });
});

describe('hints by load', () => {
  it('are the own zone where the zones have their parts, and another where they have not', () => {
    const even = ['a', 'a', 'b', 'b'].map((zone, i) => endpoint(zone, i));
    expect(zonesOf(hintsByLoad(even, [], halves).endpoints)).toEqual(['a', 'a', 'b', 'b']);
    const uneven = ['a', 'a', 'a', 'a'].map((zone, i) => endpoint(zone, i));
    expect(zonesOf(hintsByLoad(uneven, [], halves).endpoints).sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('say why there are none', () => {
    const two = ['a', 'b'].map((zone, i) => endpoint(zone, i));
    expect(hintsByLoad(two, [], undefined).problem).toBe(
      'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
    );
    expect(hintsByLoad(two.slice(1), [], halves).problem).toBe('Insufficient number of endpoints (1 endpoints, 2 zones)');
    expect(hintsByLoad([...two, endpoint('a', 3), endpoint(undefined, 4)], [], halves).problem).toBe(
      'One or more endpoints do not have a zone specified',
    );
    const skewed = new Map([
      ['a', 0.5],
      ['b', 0.25],
      ['c', 0.25],
    ]);
    expect(hintsByLoad([...two, endpoint('c', 3)], [], skewed).problem).toBe(
      'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold (3 endpoints, 3 zones)',
    );
  });

  it('cover every ready endpoint and overload none, and stay as they are when nothing changes', () => {
    const zone = fc.constantFrom('a', 'b', 'c');
    const shares = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(zone, fc.boolean()), { maxLength: 40 }), shares, (pods, [a, b, c]) => {
        const parts = new Map(Object.entries({ a, b, c }).map(([name, part]) => [name, part / (a + b + c)]));
        const endpoints = pods.map(([z, ready], i) => endpoint(z, i, ready));
        const first = hintsByLoad(endpoints, [], parts);
        if (first.problem) return;
        const ready = first.endpoints.filter((e) => e.conditions?.ready);
        expect(first.endpoints.every((e) => (e.hints !== undefined) === e.conditions?.ready)).toBe(true);
        for (const [name, part] of parts) {
          const count = ready.filter((e) => e.hints?.forZones?.[0]?.name === name).length;
          expect(count).toBeGreaterThanOrEqual(Math.floor(part * ready.length * 0.5));
        }
        expect(hintsByLoad(endpoints, zonesOf(first.endpoints), parts)).toEqual(first);
      }),
    );
  });
});
