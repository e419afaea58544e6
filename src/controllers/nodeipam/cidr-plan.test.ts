import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeParts } from './cidr-plan.ts';

const nextBeside = (cluster: string, ...taken: string[]) => {
  const parts = new NodeParts(cluster);
  for (const [i, cidr] of taken.entries()) parts.note(`node-${i}`, [cidr]);
  return parts.next();
};

describe('the parts of the pod network', () => {
  it('are given out from the start, and gaps are filled', () => {
    expect(nextBeside('10.42.0.0/16')).toBe('10.42.0.0/24');
    expect(nextBeside('10.42.0.0/16', '10.42.0.0/24', '10.42.2.0/24')).toBe('10.42.1.0/24');
    expect(nextBeside('fd00:42::/56', 'fd00:42::/64')).toBe('fd00:42:0:1::/64');
  });

  it('run out', () => {
    expect(nextBeside('10.42.0.0/23', '10.42.0.0/24', '10.42.1.0/24')).toBeUndefined();
    expect(nextBeside('10.42.0.0/26')).toBe('10.42.0.0/26');
    expect(nextBeside('nonsense')).toBeUndefined();
  });

  it('of another range, or of none, take nothing away', () => {
    expect(nextBeside('10.42.0.0/23', '10.99.0.0/24', 'fd00::/64', 'nonsense')).toBe('10.42.0.0/24');
  });

  it('never overlap, whoever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 60 }), (visits) => {
        const parts = new NodeParts('10.42.0.0/20');
        const has = new Map<string, string>();
        for (const visit of visits) {
          const name = `node-${visit}`;
          if (has.delete(name)) parts.note(name, []);
          else {
            const cidr = parts.next() ?? '';
            parts.note(name, [cidr]);
            has.set(name, cidr);
          }
          expect(new Set(has.values()).size).toBe(has.size);
        }
        expect([...has.values()]).not.toContain('');
      }),
    );
  });
});
