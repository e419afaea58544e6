import { eventColumns } from '../core/event-columns.ts';
import { defineResource } from '../define.ts';
import type { Event, EventsV1Event } from '../schema/generated/types.ts';
import { fromEventsV1, toEventsV1 } from './event-conversion.ts';
import { eventsV1FieldSelectors } from './event-field-selectors.ts';
import { checkEventUpdate, checkNewEvent, checkRegarding } from './event-validation.ts';

/** The events of core/v1 under newer field names: one set of stored objects, two doors. */
export const eventsV1Events = defineResource<EventsV1Event>({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  schema: 'EventsV1Event',
  shortNames: ['ev'],
  persistence: 'write-behind',
  storedAs: {
    group: '',
    version: 'v1',
    plural: 'events',
    toStored: fromEventsV1,
    fromStored: (stored) => toEventsV1(stored as Event),
  },
  columns: eventColumns.map((c) => ({ ...c, value: (event, nowMs) => c.value(fromEventsV1(event), nowMs) })),
  hooks: { validate: checkRegarding, validateCreate: checkNewEvent, validateUpdate: checkEventUpdate },
  fieldSelectors: eventsV1FieldSelectors,
});
