import { expect, it } from 'vitest';
import { unreachableBecause } from './unreachable.ts';

const failure = (code: string) => Object.assign(new Error(`connect ${code} 192.0.2.1:6443`), { code });

it('a failed connection has a reason in words, also below an error that wraps it', () => {
  expect(unreachableBecause(failure('ECONNREFUSED'))).toBe('nothing listens there (connection refused)');
  expect(unreachableBecause(new Error('request failed', { cause: failure('ENOTFOUND') }))).toBe('its name is not known');
});

it('what a server answered is no failed connection', () => {
  expect(unreachableBecause(new Error('Unauthorized'))).toBeUndefined();
  expect(unreachableBecause(failure('CERT_HAS_EXPIRED'))).toBeUndefined();
  expect(unreachableBecause(undefined)).toBeUndefined();
});
