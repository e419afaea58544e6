import { objectReferenceSelectors } from '../core/object-reference-selectors.ts';
import type { Reader } from '../define.ts';
import type { EventsV1Event } from '../schema/generated/types.ts';

/** The fields of core/v1's events under their newer names. */
export const eventsV1FieldSelectors: Readonly<Record<string, Reader<EventsV1Event, string>>> = {
  ...objectReferenceSelectors('regarding', (event: EventsV1Event) => event.regarding),
  reason: (event) => event.reason ?? '',
  reportingController: (event) => event.reportingController ?? '',
  type: (event) => event.type ?? '',
};
