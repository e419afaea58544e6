import { runtimeError } from './errors.ts';
import { Duration, Timestamp } from './values.ts';

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;
const UNITS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
};

/** RFC 3339. Throws CelError. */
export function parseTimestamp(text: string): Timestamp {
  const match = RFC_3339.exec(text);
  const millis = match ? Date.parse(`${match[1]}T${match[2]}${match[4]?.toUpperCase()}`) : Number.NaN;
  if (!match || Number.isNaN(millis)) throw runtimeError(`cannot parse ${JSON.stringify(text)} as timestamp`);
  return new Timestamp(BigInt(millis) * 1_000_000n + BigInt((match[3] ?? '').padEnd(9, '0')));
}

/** Seconds, and as many digits of fractions as needed, in UTC. */
export function formatTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % UNIT_SECOND) + UNIT_SECOND) % UNIT_SECOND;
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}${fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`}Z`;
}
const UNIT_SECOND = 1_000_000_000n;

/** Go's syntax: `1h30m`, `-1.5s`, `0`. Throws CelError. */
export function parseDuration(text: string): Duration {
  const wrong = () => runtimeError(`time: invalid duration ${JSON.stringify(text)}`);
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return new Duration(0n);
  if (rest === '' || !/^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|us|µs|μs|ns|s))+$/.test(rest)) throw wrong();
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)\.?(\d*)(h|ms|m|us|µs|μs|ns|s)/g)) {
    const size = UNITS[unit] ?? 1n;
    nanos += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
  }
  return new Duration(sign === '-' ? -nanos : nanos);
}

/** In seconds, as cel-go prints durations: `5400s`, `1.5s`. */
export function formatDuration({ nanos }: Duration): string {
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = (amount % UNIT_SECOND).toString().padStart(9, '0').replace(/0+$/, '');
  return `${nanos < 0n ? '-' : ''}${amount / UNIT_SECOND}${fraction && `.${fraction}`}s`;
}
