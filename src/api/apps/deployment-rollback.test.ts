import { describe, expect, it } from 'vitest';
import type { Deployment } from '../schema/generated/types.ts';
import { checkRollback, normalizeRollback, ROLLBACK_TO } from './deployment-rollback.ts';

const asking = (revision: string, others = {}): Deployment => ({
  metadata: { name: 'd', annotations: { ...others, [ROLLBACK_TO]: revision } },
});

describe('the revision that a Deployment is to be rolled back to', () => {
  it.each([
    ['2', '2'],
    ['007', '7'],
    ['+1', '1'],
    ['-3', '-3'],
    ['9223372036854775807', '9223372036854775807'],
  ])('%s is kept as %s', (given, kept) => {
    const deployment = asking(given, { other: 'x' });
    normalizeRollback(deployment);
    expect(deployment.metadata?.annotations).toEqual({ other: 'x', [ROLLBACK_TO]: kept });
  });

  it('is none when it is empty', () => {
    const [alone, among] = [asking(''), asking('', { other: 'x' })];
    normalizeRollback(alone);
    normalizeRollback(among);
    expect([alone.metadata, among.metadata?.annotations]).toEqual([{ name: 'd' }, { other: 'x' }]);
  });

  it.each([
    ['x', 'invalid syntax'],
    ['1.0', 'invalid syntax'],
    ['9223372036854775808', 'value out of range'],
  ])('%s is a bad request: %s', (given, why) => {
    expect(() => normalizeRollback(asking(given))).toThrow(
      `Deployment in version "v1" cannot be handled as a Deployment: failed to parse annotation[deprecated.deployment.rollback.to]=${given} as int64: strconv.ParseInt: parsing "${given}": ${why}`,
    );
  });

  it('may not be negative', () => {
    expect(checkRollback(asking('-3'))).toMatchObject([{ path: 'spec.rollback.version' }]);
    expect(checkRollback({ metadata: {} })).toEqual([]);
  });
});
