const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
};

/** Nanoseconds of a duration as Go writes it (`1h30m`, `-1.5s`, `.5ms`, `0`); undefined when it is none. Source: Go, time.ParseDuration. */
export function goDurationNanos(text: string): bigint | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return 0n;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|us|µs|μs|ns|s))+$/.test(rest)) return undefined;
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of rest.matchAll(/(\d*)\.?(\d*)(h|ms|m|us|µs|μs|ns|s)/g)) {
    const size = UNIT_NANOS[unit] ?? 1n;
    nanos += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length);
  }
  return sign === '-' ? -nanos : nanos;
}

/** As goDurationNanos, in milliseconds with fractions. */
export function goDurationMs(text: string): number | undefined {
  const nanos = goDurationNanos(text);
  return nanos === undefined ? undefined : Number(nanos) / 1e6;
}

/** As Go prints durations (`1h0m2.5s`, `15.012s`, `20ms`, `0s`), to the millisecond; shorter ones are rounded to it. */
export function formatGoDuration(ms: number): string {
  const rounded = Math.abs(Math.round(ms));
  const sign = ms < 0 && rounded > 0 ? '-' : '';
  if (rounded > 0 && rounded < 1000) return `${sign}${rounded}ms`;
  const [hours, minutes] = [Math.floor(rounded / 3_600_000), Math.floor(rounded / 60_000) % 60];
  const seconds = `${(rounded % 60_000) / 1000}s`;
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}`;
}

/** Why it is none, in the words of Go's time.ParseDuration. */
export function goDurationFault(text: string): string {
  const rest = text.replace(/^[+-]/, '');
  for (const [, number = '', unit = ''] of rest.matchAll(/(\d*\.?\d*)([^\d.]*)/g)) {
    if (number === '' || number === '.') break;
    if (unit === '') return `time: missing unit in duration ${JSON.stringify(text)}`;
    if (UNIT_NANOS[unit] === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
  }
  return `time: invalid duration ${JSON.stringify(text)}`;
}
