import type { Reader } from '../define.ts';
import type { EventsV1Event, ObjectReference } from '../schema/generated/types.ts';

const regarding =
  (field: keyof ObjectReference): Reader<EventsV1Event, string> =>
  (event) =>
    event.regarding?.[field] ?? '';

/** The fields of core/v1's events under their newer names. */
export const eventsV1FieldSelectors: Readonly<Record<string, Reader<EventsV1Event, string>>> = {
  'regarding.kind': regarding('kind'),
  'regarding.namespace': regarding('namespace'),
  'regarding.name': regarding('name'),
  'regarding.uid': regarding('uid'),
  'regarding.apiVersion': regarding('apiVersion'),
  'regarding.resourceVersion': regarding('resourceVersion'),
  'regarding.fieldPath': regarding('fieldPath'),
  reason: (event) => event.reason ?? '',
  reportingController: (event) => event.reportingController ?? '',
  type: (event) => event.type ?? '',
};
