import { defineResource } from '../define.ts';
import type { Event } from '../schema/generated/types.ts';

export const events = defineResource<Event>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  shortNames: ['ev'],
  persistence: 'write-behind',
});
