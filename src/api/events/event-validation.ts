import { checkEvent } from '../core/event-validation.ts';
import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { EventsV1Event } from '../schema/generated/types.ts';
import { fromEventsV1 } from './event-conversion.ts';

const MAX_FIELD = 128;
const MAX_NOTE_BYTES = 1024;

/** In core/v1's words for where it lives: upstream has one check for both groups. */
export const checkRegarding = (event: EventsV1Event): FieldError[] => checkEvent(fromEventsV1(event));

function checkText(path: string, value: string | undefined): FieldError[] {
  if (!value) return [required(path)];
  return value.length > MAX_FIELD ? [invalid(path, '', `can have at most ${MAX_FIELD} characters`)] : [];
}

/** Stricter than core/v1, whose recorders are older (KEP-383). */
export function checkNewEvent(event: EventsV1Event): FieldError[] {
  const { eventTime, reportingController, type = '', note = '' } = event;
  return [
    ...(eventTime ? [] : [required('eventTime')]),
    ...(reportingController ? checkQualifiedName('reportingController', reportingController) : [required('reportingController')]),
    ...checkText('reportingInstance', event.reportingInstance),
    ...checkText('action', event.action),
    ...checkText('reason', event.reason),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', type, `has invalid value: ${type}`)]),
    ...(new TextEncoder().encode(note).length > MAX_NOTE_BYTES
      ? [invalid('note', '', `can have at most ${MAX_NOTE_BYTES} characters`)]
      : []),
  ];
}
