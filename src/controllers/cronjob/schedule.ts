import { Cron } from 'croner';
import { goDurationMs } from '../../base/go-duration.ts';
import type { Schedule } from './due-plan.ts';

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MAXIMA = [59, 23, 31, 12, 6];

/** Upstream's parser knows `?` for `*`, `5/15` for from 5 on, and steps beyond the end. */
function plain(field: string, max: number): string {
  const part = (text: string) => {
    const [span = '', step] = text.replaceAll('?', '*').split('/');
    if (step === undefined) return span;
    const from = /^\w+$/.test(span) ? `${span}-${max}` : span;
    return `${from}/${Math.min(Number(step), max)}`;
  };
  return field.split(',').filter(Boolean).map(part).join(',');
}

/** Whole seconds, one at least. */
const everyMs = (text: string): number => Math.max(1000, Math.floor((goDurationMs(text) ?? 0) / 1000) * 1000);

/** Throws when the schedule or the zone cannot be read. Without a zone, in the controller's (upstream: the local one); here that is UTC. */
export function parseSchedule(schedule: string, timeZone: string | undefined): Schedule {
  const [, inlineZone, rest] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(schedule) ?? [];
  const text = (rest ?? schedule).trim();
  if (text.startsWith('@every ')) {
    const delayMs = everyMs(text.slice('@every '.length));
    return { next: (afterMs) => Math.floor(afterMs / 1000) * 1000 + delayMs };
  }
  const fields = (DESCRIPTORS[text] ?? text).split(/\s+/);
  // A day must match both fields when one of them is open, either one when both are given.
  const domAndDow = [fields[2], fields[4]].some((field) => /^[*?]/.test(field ?? ''));
  const pattern = fields.map((field, i) => plain(field, MAXIMA[i] ?? 0)).join(' ');
  const cron = new Cron(pattern, { mode: '5-part', timezone: timeZone ?? inlineZone ?? 'UTC', domAndDow });
  return { next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime() };
}

/** Why a time zone cannot be used, in Go's words; undefined when it can. */
export function zoneProblem(timeZone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return undefined;
  } catch {
    return `unknown time zone ${timeZone}`;
  }
}
