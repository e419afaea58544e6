import { checkEvent } from '../core/event-validation.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkImmutable, same } from '../meta/validation.ts';
import type { Event, EventsV1Event } from '../schema/generated/types.ts';
import { fromEventsV1 } from './event-conversion.ts';

/** In core/v1's words for where it lives: upstream has one check for both groups, and one set of names in its findings. */
export const checkRegarding = (event: EventsV1Event): FieldError[] => checkEvent(fromEventsV1(event), 'reportingController');

/** Stricter than core/v1, whose recorders are older (KEP-383): an event says when it happened, and nothing in the old way. */
export function checkNewEvent(sent: EventsV1Event): FieldError[] {
  const event = fromEventsV1(sent);
  const { eventTime, type = '', firstTimestamp, lastTimestamp, count, source } = event;
  const unset = (path: string, value: unknown) => (value ? [invalid(path, '', 'needs to be unset')] : []);
  return [
    ...checkSeries(event),
    ...(eventTime ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...unset('firstTimestamp', firstTimestamp),
    ...unset('lastTimestamp', lastTimestamp),
    ...unset('count', count),
    ...unset('source', source?.component || source?.host),
  ];
}

/** Upstream looks at the reason twice. */
const FIXED = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const;

/** Only the series grows. */
export function checkEventUpdate(sent: EventsV1Event, before: EventsV1Event): FieldError[] {
  const [event, old] = [fromEventsV1(sent), fromEventsV1(before)];
  return [
    ...(same(event.series, old.series) ? [] : checkSeries(event)),
    ...FIXED.flatMap((field) => checkImmutable(field === 'reportingComponent' ? 'reportingController' : field, event[field], old[field])),
  ];
}

function checkSeries({ series }: Event): FieldError[] {
  if (!series) return [];
  return [
    ...((series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required('series.lastObservedTime')]),
  ];
}
