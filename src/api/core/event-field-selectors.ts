import type { Reader } from '../define.ts';
import type { Event } from '../schema/generated/types.ts';
import { objectReferenceSelectors } from './object-reference-selectors.ts';

/** `kubectl get events --field-selector` and `kubectl describe` go by these. */
export const eventFieldSelectors: Readonly<Record<string, Reader<Event, string>>> = {
  ...objectReferenceSelectors('involvedObject', (event: Event) => event.involvedObject),
  reason: (event) => event.reason ?? '',
  reportingComponent: (event) => event.reportingComponent ?? '',
  source: (event) => event.source?.component || (event.reportingComponent ?? ''),
  type: (event) => event.type ?? '',
};
