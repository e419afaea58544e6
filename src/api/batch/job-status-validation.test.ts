import { expect, test } from 'vitest';
import type { JobSpec, JobStatus } from '../schema/generated/types.ts';
import { checkJobStatus } from './job-status-validation.ts';

const START = '2026-01-01T00:00:00Z';
const LATER = '2026-01-01T00:00:09Z';
const is = (type: string, status = 'True') => ({ type, status });
const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 2 };

const found = (spec: Partial<JobSpec>, old: JobStatus, status: JobStatus): string[] => {
  const whole = { template, ...spec };
  const detail = (message: string) => message.replace(/^(Invalid|Required) value(: ("[^"]*"|\S+))?: /, '');
  return checkJobStatus({ spec: whole, status }, { spec: whole, status: old }).map(({ path, message }) => `${path}: ${detail(message)}`);
};

const failed: JobStatus = { startTime: START, conditions: [is('FailureTarget'), is('Failed')] };
const complete: JobStatus = { startTime: START, completionTime: LATER, conditions: [is('SuccessCriteriaMet'), is('Complete')] };

test.each<[what: string, spec: Partial<JobSpec>, old: JobStatus, status: JobStatus, errors: string[]]>([
  ['a start', {}, {}, { startTime: START }, []],
  [
    'a start that is put off',
    {},
    { startTime: START },
    { startTime: LATER },
    ['status.startTime: field is immutable for unsuspended job once set'],
  ],
  ['a start that is taken back', {}, { startTime: START }, {}, ['status.startTime: field is immutable for unsuspended job once set']],
  ['a suspension', { suspend: true }, { startTime: START }, { conditions: [is('Suspended')] }, []],
  [
    'a resumption',
    {},
    { startTime: START, conditions: [is('Suspended')] },
    { startTime: LATER, conditions: [is('Suspended', 'False')] },
    [],
  ],
  ['a completion', {}, { startTime: START }, complete, []],
  ['a completion that moves', {}, complete, { ...complete, completionTime: START }, ['status.completionTime: field is immutable']],
  [
    'an end before the start',
    {},
    { startTime: LATER },
    { ...complete, startTime: LATER, completionTime: START },
    ['status.completionTime: must be equal to or after `startTime`'],
  ],
  ['an end without a start', {}, {}, { ...complete, startTime: undefined }, ['status.startTime: startTime is required for finished job']],
  ['nothing to do, and suspended', { suspend: true, completions: 0 }, {}, { ...complete, startTime: undefined }, []],
  [
    'nothing new of a job that ended without a start',
    {},
    { ...complete, startTime: undefined },
    { ...complete, startTime: undefined, failed: 1 },
    [],
  ],
  [
    'a failure out of nothing',
    {},
    { startTime: START },
    { startTime: START, conditions: [is('Failed')] },
    ['status.conditions: cannot set Failed=True condition without the FailureTarget=true condition'],
  ],
  [
    'a failure that is taken back',
    {},
    failed,
    { startTime: START },
    [
      'status.conditions: cannot disable the terminal Failed=True condition',
      'status.conditions: cannot disable the terminal FailureTarget=True condition',
    ],
  ],
  [
    'pods that are still to be counted at the end',
    {},
    { startTime: START },
    { ...complete, uncountedTerminatedPods: { failed: ['u'] } },
    ['status.uncountedTerminatedPods: must be empty for finished job'],
  ],
  ['fewer successes', {}, { succeeded: 3 }, { succeeded: 2 }, ['status.succeeded: cannot decrease the succeeded counter']],
  ['fewer successes of an elastic job', { ...indexed, completions: 2 }, { succeeded: 3 }, { succeeded: 2 }, []],
  [
    'indexes above the size that was made smaller',
    { ...indexed, completions: 2 },
    { completedIndexes: '0-3' },
    { completedIndexes: '0-3', active: 1 },
    [],
  ],
  [
    'such indexes anew',
    indexed,
    { completedIndexes: '0' },
    { completedIndexes: '0,7' },
    ['status.completedIndexes: error parsing completedIndexes: too large index: "7"'],
  ],
  [
    'an index that has failed and not',
    { ...indexed, backoffLimitPerIndex: 1 },
    {},
    { completedIndexes: '0,2', failedIndexes: '1-3' },
    ['status.failedIndexes: failedIndexes and completedIndexes overlap at index: 2'],
  ],
  ['more ready than active', {}, { ready: 1, active: 1 }, { ready: 1 }, ['status.ready: cannot set more ready pods than active']],
  ['more ready than active as before', {}, { ready: 1 }, { ready: 1, failed: 1 }, []],
])('the status of a Job: %s', (_what, spec, old, status, errors) => {
  expect(found(spec, old, status)).toEqual(errors);
});

test('what the status is is told of before what it was, each in upstream’s order', () => {
  const old: JobStatus = { ...complete, succeeded: 2 };
  const now: JobStatus = { startTime: LATER, completionTime: '2026-01-01T00:00:01Z', completedIndexes: 'x', active: -1 };
  expect(found(indexed, old, now).map((line) => line.replace(/^status\.(\w+): (\w+ \w+).*/, '$1 $2'))).toEqual([
    'active must be',
    'completionTime cannot set',
    'completionTime must be',
    'completedIndexes error parsing',
    'conditions cannot disable',
    'succeeded cannot decrease',
    'completionTime field is',
    'startTime field is',
    'conditions cannot disable',
  ]);
});
