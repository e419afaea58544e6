import { expect, it } from 'vitest';
import type { RequestOptions } from '../../api/transport.ts';
import { checkListOptions } from './list-options.ts';

const MATCH = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden';

it.each<['list' | 'watch', object, string[]]>([
  ['list', {}, []],
  ['list', { resourceVersion: '1', resourceVersionMatch: 'Exact' }, []],
  ['list', { resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }, []],
  ['list', { resourceVersionMatch: 'Exact' }, [`${MATCH} unless resourceVersion is provided`]],
  [
    'list',
    { resourceVersion: '0', resourceVersionMatch: 'Exact' },
    ['resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'],
  ],
  [
    'list',
    { resourceVersion: '1', resourceVersionMatch: 'Some', continue: 't' },
    [
      `${MATCH} when continue is provided`,
      'resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""',
    ],
  ],
  ['list', { sendInitialEvents: false }, ['sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list']],
  ['watch', { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, []],
  [
    'watch',
    { sendInitialEvents: true },
    ['resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'],
  ],
  ['watch', { resourceVersionMatch: 'NotOlderThan' }, [`${MATCH} for watch unless sendInitialEvents is provided`]],
  [
    'watch',
    { sendInitialEvents: true, resourceVersionMatch: 'Exact', continue: 't' },
    [
      'resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
      `${MATCH} when continue is provided`,
    ],
  ],
])('a %s with %j', (verb, options, findings) => {
  const check = () => checkListOptions(options as RequestOptions, verb);
  if (findings.length === 0) expect(check).not.toThrow();
  else {
    const told = findings.length === 1 ? findings[0] : `[${findings.join(', ')}]`;
    expect(check).toThrow(expect.objectContaining({ code: 422, message: `ListOptions.meta.k8s.io "" is invalid: ${told}` }));
  }
});
