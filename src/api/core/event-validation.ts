import { type FieldError, invalid, required } from '../meta/field-error.ts';
import { checkQualifiedName } from '../meta/validation.ts';
import type { Event } from '../schema/generated/types.ts';

const MAX_TEXT = 128;
const MAX_MESSAGE = 1024;

/**
 * An event lives beside what it tells about; events about cluster-scoped objects live in `default`. Those of newer recorders say when they happened, and more. `reporter`: how the
 * version calls who reports.
 */
export function checkEvent(event: Event, reporter = 'reportingComponent'): FieldError[] {
  const about = event.involvedObject?.namespace ?? '';
  const home = event.metadata?.namespace ?? '';
  if (event.eventTime) return checkTimedEvent(event, about, home, reporter);
  const fits = about ? about === home : home === 'default' || home === '';
  return fits ? [] : [elsewhere(about)];
}

const elsewhere = (about: string) => invalid('involvedObject.namespace', about, 'does not match event.namespace');

function checkTimedEvent(event: Event, about: string, home: string, reporter: string): FieldError[] {
  const { reportingComponent = '', reportingInstance, action, reason, message = '' } = event;
  return [
    ...(about === '' && home !== 'default' && home !== 'kube-system' ? [elsewhere(about)] : []),
    ...(reportingComponent ? [] : [required(reporter)]),
    ...checkQualifiedName(reporter, reportingComponent),
    ...checkText('reportingInstance', reportingInstance),
    ...checkText('action', action),
    ...checkText('reason', reason),
    ...(bytes(message) > MAX_MESSAGE ? [tooMuch('message', MAX_MESSAGE)] : []),
  ];
}

function checkText(path: string, value = ''): FieldError[] {
  if (value === '') return [required(path)];
  return bytes(value) > MAX_TEXT ? [tooMuch(path, MAX_TEXT)] : [];
}

const bytes = (text: string): number => new TextEncoder().encode(text).length;
const tooMuch = (path: string, limit: number) => invalid(path, '', `can have at most ${limit} characters`);
