import type { Event, EventsV1Event } from '../schema/generated/types.ts';

/** The same event in the words of events.k8s.io/v1. Fields that both versions share keep their names. */
export function toEventsV1(event: Event): EventsV1Event {
  const { involvedObject, message, reportingComponent, source, firstTimestamp, lastTimestamp, count, ...shared } = event;
  return compact<EventsV1Event>({
    ...(shared as Omit<typeof shared, 'series'>),
    series: event.series as EventsV1Event['series'],
    apiVersion: 'events.k8s.io/v1',
    eventTime: event.eventTime as string,
    regarding: involvedObject,
    note: message,
    // Core events show that nobody is named, these do not.
    reportingController: reportingComponent || undefined,
    reportingInstance: event.reportingInstance || undefined,
    deprecatedSource: source,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedCount: count,
  });
}

/** Events are stored as core/v1, whichever door they came through. */
export function fromEventsV1(event: EventsV1Event): Event {
  const {
    regarding,
    note,
    reportingController,
    deprecatedSource,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedCount,
    ...shared
  } = event;
  return compact<Event>({
    ...shared,
    apiVersion: 'v1',
    metadata: event.metadata ?? {},
    involvedObject: regarding ?? {},
    message: note,
    reportingComponent: reportingController ?? '',
    reportingInstance: event.reportingInstance ?? '',
    source: deprecatedSource,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    count: deprecatedCount,
  });
}

const compact = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
