import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Job } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { planExpiry } from './ttl-after-finished-plan.ts';

const NOW = Date.UTC(2026, 0, 1);
const BEFORE = rfc3339(NOW - 3_600_000);
const podTemplate = { spec: { containers: [{ name: 'c', image: 'i' }] } };
const ttlSeconds = fc.integer({ min: 0, max: 100 });
const sinceMs = fc.integer({ min: 0, max: 200_000 });

/** Conditions that do not say that a Job is finished. */
const passing = fc
  .subarray(['Suspended', 'FailureTarget', 'SuccessCriteriaMet'])
  .map((types) => types.map((type) => ({ type, status: 'True', lastTransitionTime: BEFORE })));
const untrue = fc
  .subarray(['Complete', 'Failed'])
  .map((types) => types.map((type) => ({ type, status: 'False', lastTransitionTime: BEFORE })));
const unfinished = fc.tuple(passing, untrue).map((lists) => lists.flat());
const finished = fc.record({ type: fc.constantFrom('Complete', 'Failed'), others: passing, at: fc.nat(3) }).map(({ type, others, at }) => {
  const end = { type, status: 'True', lastTransitionTime: rfc3339(NOW) };
  return [...others.slice(0, at), end, ...others.slice(at)];
});

const jobOf = (conditions: NonNullable<Job['status']>['conditions'], ttlSecondsAfterFinished?: number, metadata: object = {}): Job => ({
  metadata: { name: 'j', namespace: 'n', ...metadata },
  spec: { template: podTemplate, ttlSecondsAfterFinished },
  status: { conditions },
});

test('a Job that has not finished, has no time to live or goes already is left alone, however long ago that was', () => {
  fc.assert(
    fc.property(unfinished, finished, ttlSeconds, sinceMs, (running, ended, ttl, since) => {
      const left = [jobOf(running, ttl), jobOf(ended), jobOf(ended, ttl, { deletionTimestamp: rfc3339(NOW) })];
      for (const job of left) expect(planExpiry(job, NOW + since)).toEqual({ do: 'nothing' });
    }),
  );
});

test('a finished Job goes no millisecond before its time to live is over, and whoever waits as told finds it due', () => {
  fc.assert(
    fc.property(finished, ttlSeconds, sinceMs, (conditions, ttl, since) => {
      const job = jobOf(conditions, ttl);
      const plan = planExpiry(job, NOW + since);
      expect(plan.do).toBe(since < ttl * 1000 ? 'wait' : 'delete');
      if (plan.do !== 'wait') return;
      expect(planExpiry(job, NOW + since + plan.ms - 1)).toEqual({ do: 'wait', ms: 1 });
      expect(planExpiry(job, NOW + since + plan.ms)).toEqual({ do: 'delete' });
    }),
  );
});
