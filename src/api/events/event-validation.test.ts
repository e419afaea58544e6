import { expect, it } from 'vitest';
import type { EventsV1Event } from '../schema/generated/types.ts';
import { checkEventUpdate, checkNewEvent, checkRegarding } from './event-validation.ts';

const event = (change: object = {}): EventsV1Event =>
  ({
    metadata: { name: 'e', namespace: 'default' },
    eventTime: '2026-01-01T00:00:00.000000Z',
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reportingController: 'example.com/controller',
    reportingInstance: 'controller-0',
    action: 'Doing',
    reason: 'Because',
    type: 'Normal',
    ...change,
  }) as EventsV1Event;
const lines = (errors: readonly { path: string; message: string }[]) => errors.map(({ path, message }) => `${path}: ${message}`);

it.each<[object, string[]]>([
  [{}, []],
  [
    { type: 'Odd', deprecatedCount: 2, deprecatedSource: { component: 'c' }, deprecatedFirstTimestamp: '2026-01-01T00:00:00Z' },
    [
      'type: Invalid value: "": has invalid value: Odd',
      'firstTimestamp: Invalid value: "": needs to be unset',
      'count: Invalid value: "": needs to be unset',
      'source: Invalid value: "": needs to be unset',
    ],
  ],
  [{ series: { count: 1 } }, ['series.count: Invalid value: "": should be at least 2', 'series.lastObservedTime: Required value']],
  [
    { reportingInstance: '', action: 'x'.repeat(129) },
    ['reportingInstance: Required value', 'action: Invalid value: "": can have at most 128 characters'],
  ],
  [
    { reportingController: '', note: 'x'.repeat(1025) },
    ['reportingController: Required value', 'message: Invalid value: "": can have at most 1024 characters'],
  ],
  [
    { metadata: { name: 'e', namespace: 'shop' }, regarding: { kind: 'Node', name: 'n' } },
    ['involvedObject.namespace: Invalid value: "": does not match event.namespace'],
  ],
])('an event of events.k8s.io with %j is checked strictly', (change, findings) => {
  const found = [...lines(checkRegarding(event(change))), ...lines(checkNewEvent(event(change)))];
  expect(found.filter((line) => !/^reportingController: Invalid/.test(line))).toEqual(findings);
});

it('an event stays as it was told, but for its series', () => {
  const series = { count: 2, lastObservedTime: '2026-01-01T00:00:01.000000Z' };
  expect(checkEventUpdate(event({ series }), event())).toEqual([]);
  expect(checkEventUpdate(event({ reason: 'Other', note: 'x' }), event()).map(({ path }) => path)).toEqual(['reason', 'message', 'reason']);
});
