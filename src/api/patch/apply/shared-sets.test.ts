import { expect, it } from 'vitest';
import { shareEntries, shareSet } from './shared-sets.ts';

const setOf = (name: string) => ({ 'f:metadata': { 'f:labels': { '.': {}, [`f:${name}`]: {} } } });

it('equal sets become one frozen tree', () => {
  const first = shareSet(setOf('app'));
  expect(shareSet(setOf('app'))).toBe(first);
  expect(first).toEqual(setOf('app'));
  expect(Object.isFrozen(first['f:metadata']?.['f:labels'])).toBe(true);
  expect(shareSet(setOf('other'))).not.toBe(first);
});

it('entries of one object refer to the shared trees', () => {
  const entries = [{ manager: 'a', fieldsV1: setOf('app') }, { manager: 'b' }];
  shareEntries(entries);
  expect(entries).toEqual([{ manager: 'a', fieldsV1: setOf('app') }, { manager: 'b' }]);
  expect(entries[0]?.fieldsV1).toBe(shareSet(setOf('app')));
});

it('forgets what was not seen for long', () => {
  const first = shareSet(setOf('first'));
  for (let i = 0; i < 3_000; i += 1) shareSet(setOf(`n${i}`));
  const again = shareSet(setOf('first'));
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});
