import { describe, expect, it } from 'vitest';
import { checkPriorityClass, checkPriorityClassUpdate } from './priority-class-validation.ts';

const lines = (errors: readonly { path: string; message: string }[]) => errors.map(({ path, message }) => `${path}: ${message}`);
const RESERVED = "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error:";

describe('a PriorityClass', () => {
  it.each([
    ['mine', { value: 1_000_000_000 }, []],
    ['mine', { value: 1_000_000_001 }, ['value: Forbidden: maximum allowed value of a user defined priority is 1000000000']],
    ['system-node-critical', { value: 2_000_001_000 }, []],
    ['system-mine', { value: 1 }, [`${RESERVED} system-mine is not a known system priority class`]],
    ['system-cluster-critical', { value: 1 }, [`${RESERVED} value of system-cluster-critical PriorityClass must be 2000000000`]],
    [
      'system-cluster-critical',
      { value: 2_000_000_000, globalDefault: true },
      [`${RESERVED} globalDefault of system-cluster-critical PriorityClass must be false`],
    ],
    ['mine', { value: 1, preemptionPolicy: '' }, ['preemptionPolicy: Required value']],
    [
      'mine',
      { value: 1, preemptionPolicy: 'X' },
      ['preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"'],
    ],
  ])('called %s with %j: %j', (name, fields, expected) => {
    expect(lines(checkPriorityClass({ metadata: { name }, ...fields }))).toEqual(expected);
  });

  it('keeps its value and its policy', () => {
    const old = { value: 1, preemptionPolicy: 'PreemptLowerPriority' };
    expect(lines(checkPriorityClassUpdate({ value: 2, preemptionPolicy: 'Never' }, old))).toEqual([
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
  });
});
