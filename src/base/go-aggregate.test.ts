import { expect, it } from 'vitest';
import { goAggregate } from './go-aggregate.ts';

it('prints several errors in brackets, each once, and a single one as it is', () => {
  expect(goAggregate(['a', 'b', 'a'])).toBe('[a, b]');
  expect(goAggregate(['a', 'a'])).toBe('a');
  expect(goAggregate([])).toBe('');
});
