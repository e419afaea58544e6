import { goDurationNanos } from '../../base/go-duration.ts';
import { runtimeError } from './errors.ts';
import { Duration, Timestamp } from './values.ts';

const RFC_3339 = /^(\d{4}-\d\d-\d\d)T(\d\d?):(\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/;
const MOST_OFFSET_HOURS = 24;
/** RFC 3339 as Go reads it: fractions after a comma as well, and offsets of up to a day. Throws CelError. */
export function parseTimestamp(text: string): Timestamp {
  const [, day = '', hour = '', rest = '', fraction = '', zone = ''] = RFC_3339.exec(text) ?? [];
  const clock = `${day}T${hour.padStart(2, '0')}:${rest}`;
  const millis = Date.parse(`${clock}Z`);
  const offset = offsetOf(zone);
  // Dates that no calendar has, and 24:00, come out as others.
  if (day === '' || offset === undefined || Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(clock)) {
    throw runtimeError(`cannot parse ${JSON.stringify(text)} as timestamp`);
  }
  return new Timestamp(BigInt(millis - offset * 60_000) * 1_000_000n + BigInt(fraction.padEnd(9, '0')), offset);
}

/** In minutes; undefined: no offset that there is. */
function offsetOf(zone: string): number | undefined {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (Number(hours) > MOST_OFFSET_HOURS || Number(minutes) > 60) return undefined;
  const offset = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? 0 - offset : offset;
}

/** Seconds, and as many digits of fractions as needed, in UTC. */
export const formatTimestamp = ({ nanos }: Timestamp): string => `${clockOf(nanos)}Z`;

/** In the zone that it was written in. */
export function formatZoned({ nanos, offsetMinutes }: Timestamp): string {
  const ahead = Math.abs(offsetMinutes);
  const zone = [Math.floor(ahead / 60), ahead % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${clockOf(nanos + BigInt(offsetMinutes) * 60n * UNIT_SECOND)}${offsetMinutes === 0 ? 'Z' : `${offsetMinutes < 0 ? '-' : '+'}${zone}`}`;
}

function clockOf(nanos: bigint): string {
  const fraction = ((nanos % UNIT_SECOND) + UNIT_SECOND) % UNIT_SECOND;
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}${fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`}`;
}
const UNIT_SECOND = 1_000_000_000n;

/** Go's syntax: `1h30m`, `-1.5s`, `0`. Throws CelError. */
export function parseDuration(text: string): Duration {
  const nanos = goDurationNanos(text);
  if (nanos === undefined) throw runtimeError(`time: invalid duration ${JSON.stringify(text)}`);
  return new Duration(nanos);
}

/** In seconds, as cel-go prints durations: `5400s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = (amount % UNIT_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${amount / UNIT_SECOND}${fraction && `.${fraction}`}s`;
}
