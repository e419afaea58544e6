import { expect, it } from 'vitest';
import { surplus } from './podgc.ts';

it('removes the oldest of too many ended pods', () => {
  const pods = [3, 1, 2].map((day) => ({ metadata: { name: `p${day}`, creationTimestamp: `2026-01-0${day}T00:00:00Z` } }));
  expect(surplus(pods, 1).map((p) => p.metadata?.name)).toEqual(['p1', 'p2']);
  expect(surplus(pods, 3)).toEqual([]);
});
