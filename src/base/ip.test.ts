import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, nthAddress, parseCidr } from './ip.ts';

describe('address ranges', () => {
  it('give their n-th address', () => {
    expect(nthAddress('10.43.0.0/16', 1)).toBe('10.43.0.1');
    expect(nthAddress('10.43.0.0/16', 300)).toBe('10.43.1.44');
    expect(nthAddress('fd00:43::/112', 10)).toBe('fd00:43::a');
    expect(nthAddress('10.0.0.0/30', 4)).toBeUndefined();
  });

  it('refuse what is no range', () => {
    for (const bad of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0/8', '300.0.0.0/8', 'fd00::/129', '10.0.0.0/x', ':::/8'])
      expect(parseCidr(bad)).toBeUndefined();
  });

  it('survive being spelled and read again', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), (value) => {
        expect(parseCidr(`${formatAddress(value, 128)}/128`)?.first).toBe(value);
        expect(parseCidr(`${formatAddress(value % 2n ** 32n, 32)}/32`)?.first).toBe(value % 2n ** 32n);
      }),
    );
  });
});
