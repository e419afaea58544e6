import type { Reader } from '../define.ts';
import type { Event, ObjectReference } from '../schema/generated/types.ts';

const involved =
  (field: keyof ObjectReference): Reader<Event, string> =>
  (event) =>
    event.involvedObject?.[field] ?? '';

/** `kubectl get events --field-selector` and `kubectl describe` go by these. */
export const eventFieldSelectors: Readonly<Record<string, Reader<Event, string>>> = {
  'involvedObject.kind': involved('kind'),
  'involvedObject.namespace': involved('namespace'),
  'involvedObject.name': involved('name'),
  'involvedObject.uid': involved('uid'),
  'involvedObject.apiVersion': involved('apiVersion'),
  'involvedObject.resourceVersion': involved('resourceVersion'),
  'involvedObject.fieldPath': involved('fieldPath'),
  reason: (event) => event.reason ?? '',
  reportingComponent: (event) => event.reportingComponent ?? '',
  source: (event) => event.source?.component || (event.reportingComponent ?? ''),
  type: (event) => event.type ?? '',
};
