import { func, type Overload, traverses } from '../overloads.ts';

/** Of mutating policies alone. */
export const jsonPatches: readonly Overload[] = [
  func(
    'jsonpatch.escapeKey(string): string',
    (key: string) => key.replace(/[~/]/g, (character) => (character === '~' ? '~0' : '~1')),
    traverses(0),
  ),
];
