import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NodeParts } from './cidr-plan.ts';

const nextBeside = (cluster: string, nodeBits: number, ...taken: string[]) => {
  const parts = new NodeParts(cluster, nodeBits);
  for (const [i, cidr] of taken.entries()) parts.note(`node-${i}`, [cidr]);
  return parts.next();
};

describe('the parts of the pod network', () => {
  it('are given out from the start, and gaps are filled', () => {
    expect(nextBeside('10.42.0.0/16', 24)).toBe('10.42.0.0/24');
    expect(nextBeside('10.42.0.0/16', 24, '10.42.0.0/24', '10.42.2.0/24')).toBe('10.42.1.0/24');
    expect(nextBeside('fd00:42::/56', 64, 'fd00:42::/64')).toBe('fd00:42:0:1::/64');
  });

  it('run out', () => {
    expect(nextBeside('10.42.0.0/23', 24, '10.42.0.0/24', '10.42.1.0/24')).toBeUndefined();
    expect(nextBeside('10.42.0.0/26', 26)).toBe('10.42.0.0/26');
    expect(nextBeside('nonsense', 24)).toBeUndefined();
  });

  it('of another range, or of none, take nothing away', () => {
    expect(nextBeside('10.42.0.0/23', 24, '10.99.0.0/24', 'fd00::/64', 'nonsense')).toBe('10.42.0.0/24');
  });

  it('never overlap, whoever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(8), { maxLength: 60 }), (visits) => {
        const parts = new NodeParts('10.42.0.0/20', 24);
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
