import { runtimeError } from '../errors.ts';
import { method, type Overload } from '../overloads.ts';
import type { Duration, Timestamp } from '../values.ts';

const TIMESTAMP = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const MILLI = 1_000_000n;
const DAY_MS = 86_400_000;

/** The time as a clock in the zone shows it, in a Date whose UTC fields are that. Zones: `Europe/Berlin`, `+02:00`, `-08:00`. */
function inZone({ nanos }: Timestamp, zone: string): Date {
  const millis = Number(nanos / MILLI - (nanos % MILLI < 0n ? 1n : 0n));
  // The server's own zone is UTC.
  if (zone === '' || zone === 'UTC' || zone === 'Local') return new Date(millis);
  const colon = zone.indexOf(':');
  if (colon < 0) return new Date(millis + zoneOffset(new Date(millis), zone));
  const [hours, minutes] = [wholeNumber(zone.slice(0, colon)), wholeNumber(zone.slice(colon + 1))];
  return new Date(millis + (hours * 60 + (zone.startsWith('-') ? -minutes : minutes)) * 60_000);
}

/** As Go's strconv.Atoi reads it. */
function wholeNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw runtimeError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Names of zones are names of files to Go: upper and lower case differ. `Intl` minds neither. */
const isZone = (zone: string): boolean => /[A-Z]/.test(zone);

function zoneOffset(at: Date, zone: string): number {
  try {
    if (!isZone(zone)) throw new RangeError(zone);
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(at);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
    const [, sign, hours = '0', minutes = '0', seconds = '0'] = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(name) ?? [];
    const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === '-' ? -offset : offset;
  } catch {
    throw runtimeError(`unknown time zone ${zone}`);
  }
}

const FIELDS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDate: (date) => date.getUTCDate(),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDayOfWeek: (date) => date.getUTCDay(),
  getDayOfYear: (date) => Math.floor((date.getTime() - new Date(date).setUTCMonth(0, 1)) / DAY_MS),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};
/** Of durations it is the whole, in that unit. */
const UNITS: Readonly<Record<string, bigint>> = {
  getHours: 3_600_000n * MILLI,
  getMinutes: 60_000n * MILLI,
  getSeconds: 1000n * MILLI,
  getMilliseconds: MILLI,
};

export const times: readonly Overload[] = [
  ...Object.entries(FIELDS).flatMap(([name, read]) => [
    method(`${TIMESTAMP}.${name}(): int`, (time: Timestamp) => BigInt(read(inZone(time, 'UTC')))),
    method(`${TIMESTAMP}.${name}(string): int`, (time: Timestamp, zone: string) => BigInt(read(inZone(time, zone)))),
  ]),
  ...Object.entries(UNITS).map(([name, unit]) => method(`${DURATION}.${name}(): int`, ({ nanos }: Duration) => nanos / unit)),
];
