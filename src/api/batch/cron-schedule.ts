import { goDurationNanos } from '../../base/go-duration.ts';

/** The syntax of schedules (Kubernetes, "CronJob", schedule syntax). Findings are those of upstream's parser. */

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: readonly Bounds[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

const parseNumber = (text: string): number | string => {
  if (!/^[+-]?\d+$/.test(text)) return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
  return Number(text) < 0 ? `negative number (${Number(text)}) not allowed: ${text}` : Number(text);
};

function parseValue(text: string, { names, min }: Bounds): number | string {
  const index = names?.indexOf(text.toLowerCase()) ?? -1;
  return index >= 0 ? index + min : parseNumber(text);
}

function rangeFinding(text: string, bounds: Bounds): string | undefined {
  const [span = '', step, more] = text.split('/');
  const [low = '', high, third] = span.split('-');
  const all = low === '*' || low === '?';
  const start = all ? bounds.min : parseValue(low, bounds);
  if (typeof start === 'string') return start;
  if (!all && third !== undefined) return `too many hyphens: ${text}`;
  let end = all ? bounds.max : high === undefined ? start : parseValue(high, bounds);
  if (typeof end === 'string') return end;
  if (more !== undefined) return `too many slashes: ${text}`;
  if (step !== undefined) {
    const stride = parseNumber(step);
    if (typeof stride === 'string') return stride;
    if (stride === 0) return `step of range should be a positive number: ${text}`;
    if (!all && high === undefined) end = bounds.max;
  }
  if (start < bounds.min) return `beginning of range (${start}) below minimum (${bounds.min}): ${text}`;
  if (end > bounds.max) return `end of range (${end}) above maximum (${bounds.max}): ${text}`;
  return start > end ? `beginning of range (${start}) beyond end of range (${end}): ${text}` : undefined;
}

function descriptorFinding(text: string): string | undefined {
  if (DESCRIPTORS.has(text)) return undefined;
  if (!text.startsWith('@every ')) return `unrecognized descriptor: ${text}`;
  const duration = text.slice('@every '.length);
  return goDurationNanos(duration) !== undefined
    ? undefined
    : `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(duration)}`;
}

/** undefined: the schedule can be read. */
export function scheduleFinding(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  const [, zone, rest] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(schedule) ?? [];
  if (zone !== undefined && !isTimeZone(zone)) return `provided bad location ${zone}: unknown time zone ${zone}`;
  const text = (rest ?? schedule).trim();
  if (text.startsWith('@')) return descriptorFinding(text);
  const fields = text.split(/\s+/);
  if (fields.length !== FIELDS.length) return `expected exactly ${FIELDS.length} fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [i, bounds] of FIELDS.entries()) {
    for (const range of (fields[i] ?? '').split(',').filter(Boolean)) {
      const finding = rangeFinding(range, bounds);
      if (finding !== undefined) return finding;
    }
  }
  return undefined;
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
