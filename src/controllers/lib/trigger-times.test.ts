import { expect, it } from 'vitest';
import { TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';
import type { Pod, Service } from '../../api/schema/generated/types.ts';
import { withTriggerTime } from './trigger-time-plan.ts';
import { TriggerTimes } from './trigger-times.ts';

const at = (second: number) => `2026-01-01T00:00:0${second}Z`;
const service = (second: number): Service => ({ metadata: { name: 's', namespace: 'n', creationTimestamp: at(second) } });
const pod = (name: string, second: number): Pod => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(second) }] },
});

it('the time is that of the Service first, then that of the earliest change of a pod since the last look', () => {
  const times = new TriggerTimes();
  expect(times.next('n/s', service(1), [pod('a', 2)])).toBe(at(1));
  expect(times.next('n/s', service(1), [pod('a', 2)])).toBeUndefined();
  expect(times.next('n/s', service(1), [pod('a', 2), pod('b', 5), pod('c', 4)])).toBe(at(4));
  expect(times.next('n/s', service(1), [pod('a', 6), pod('b', 5)])).toBe(at(6));
  // A pod that went has no time of its own.
  expect(times.next('n/s', service(1), [pod('b', 5)])).toBeUndefined();
  expect(times.next('n/s', service(7), [pod('b', 5)])).toBe(at(7));
  times.forget('n/s');
  expect(times.next('n/s', service(8), [pod('b', 5)])).toBe(at(8));
});

it('an annotation of an earlier change goes when there is no time', () => {
  expect(withTriggerTime({ other: 'x' }, at(1))).toEqual({ other: 'x', [TRIGGER_TIME]: at(1) });
  expect(withTriggerTime({ [TRIGGER_TIME]: at(1), other: 'x' }, undefined)).toEqual({ other: 'x' });
  expect(withTriggerTime({ [TRIGGER_TIME]: at(1) }, undefined)).toBeUndefined();
});
