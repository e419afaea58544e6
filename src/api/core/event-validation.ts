import { type FieldError, invalid } from '../meta/field-error.ts';
import type { Event } from '../schema/generated/types.ts';

/** An event lives beside what it tells about; events about cluster-scoped objects live in `default`. */
export function checkEvent({ involvedObject, metadata }: Event): FieldError[] {
  const about = involvedObject?.namespace ?? '';
  const home = metadata?.namespace ?? '';
  const fits = about ? about === home : home === 'default' || home === '';
  return fits ? [] : [invalid('involvedObject.namespace', about, 'does not match event.namespace')];
}
