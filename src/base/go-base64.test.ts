import fc from 'fast-check';
import { expect, it } from 'vitest';
import { goBase64Fault } from './go-base64.ts';

it.each<[string, number | undefined]>([
  ['', undefined],
  ['YWJj', undefined],
  ['YWI=', undefined],
  ['YQ==', undefined],
  ['YQ=\n=\n', undefined],
  ['YW\nJj', undefined],
  ['!!!', 0],
  ['a$c=', 1],
  ['YWJjZ', 4],
  ['YWI', 0],
  ['YWJjZGU', 4],
  ['YQ=', 3],
  ['YQ=x', 2],
  ['Y===', 1],
  ['=', 0],
  ['YWI=YWI=', 4],
  ['YQ==\nx', 5],
  ['YW-_', 2],
])('%j is told as Go tells it', (text, at) => {
  expect(goBase64Fault(text)).toBe(at === undefined ? undefined : `illegal base64 data at input byte ${at}`);
});

it.each<[string, number | undefined]>([
  ['YW-_', undefined],
  ['YWI', undefined],
  ['YWJjY', 4],
  ['YWI=', 3],
  ['YW+x', 2],
])('%j without padding is told as Go tells it', (text, at) => {
  expect(goBase64Fault(text, 'rawUrl')).toBe(at === undefined ? undefined : `illegal base64 data at input byte ${at}`);
});

it('whatever was encoded is base64', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(goBase64Fault(Buffer.from(bytes).toString('base64'))).toBeUndefined();
      expect(goBase64Fault(Buffer.from(bytes).toString('base64url'), 'rawUrl')).toBeUndefined();
    }),
  );
});
