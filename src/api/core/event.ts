import { defineResource } from '../define.ts';
import type { Event } from '../schema/generated/types.ts';
import { eventColumns } from './event-columns.ts';
import { eventFieldSelectors } from './event-field-selectors.ts';
import { checkEvent } from './event-validation.ts';

export const events = defineResource<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  shortNames: ['ev'],
  persistence: 'write-behind',
  columns: eventColumns,
  fieldSelectors: eventFieldSelectors,
  hooks: { validate: (event) => checkEvent(event) },
});
