import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextNodeCidr } from './cidr-plan.ts';

describe('the parts of the pod network', () => {
  it('are given out from the start, and gaps are filled', () => {
    expect(nextNodeCidr('10.42.0.0/16', [])).toBe('10.42.0.0/24');
    expect(nextNodeCidr('10.42.0.0/16', ['10.42.0.0/24', '10.42.2.0/24'])).toBe('10.42.1.0/24');
    expect(nextNodeCidr('fd00:42::/56', ['fd00:42::/64'])).toBe('fd00:42:0:1::/64');
  });

  it('run out', () => {
    expect(nextNodeCidr('10.42.0.0/23', ['10.42.0.0/24', '10.42.1.0/24'])).toBeUndefined();
    expect(nextNodeCidr('10.42.0.0/26', [])).toBe('10.42.0.0/26');
    expect(nextNodeCidr('nonsense', [])).toBeUndefined();
  });

  it('never overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        const taken: string[] = [];
        for (let i = 0; i < count; i += 1) taken.push(nextNodeCidr('10.42.0.0/16', taken) ?? '');
        expect(new Set(taken).size).toBe(count);
      }),
    );
  });
});
