import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { checkEnum, checkNonNegative } from '../meta/validation.ts';
import type { CronJob, CronJobSpec, JobSpec } from '../schema/generated/types.ts';
import { isTimeZone, scheduleFinding } from './cron-schedule.ts';
import { checkJobContent } from './job-validation.ts';

const POLICIES = ['Allow', 'Forbid', 'Replace'];
/** A Job's name has the minute of its run behind the CronJob's. */
const MAX_NAME = 52;
const PART = /^[A-Za-z.\-_0-9+]{1,14}$/;

function checkSchedule({ schedule = '', timeZone }: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const path = 'spec.schedule';
  if (!schedule) return [required(path)];
  const finding = scheduleFinding(schedule);
  const errors = finding === undefined ? [] : [invalid(path, schedule, finding)];
  if (!schedule.includes('TZ')) return errors;
  if (!old?.schedule?.includes('TZ')) {
    return [...errors, invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  }
  return timeZone === undefined
    ? errors
    : [...errors, invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
}

function checkTimeZone(zone: string | undefined): FieldError[] {
  const path = 'spec.timeZone';
  if (zone === undefined) return [];
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')];
  const odd = zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !PART.test(part));
  if (odd) return [invalid(path, zone, `unknown time zone ${zone}`)];
  const local = zone.toLowerCase() === 'local';
  return [
    ...(local ? [invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')] : []),
    ...(zone === 'Local' || isTimeZone(zone) ? [] : [invalid(path, zone, `unknown time zone ${zone}`)]),
  ];
}

const EMPTY = {} as CronJobSpec;

/** The Jobs get their selectors when they are made. */
function checkJobTemplate(path: string, spec: JobSpec | undefined): FieldError[] {
  const { selector, manualSelector } = spec ?? {};
  return [
    ...checkJobContent(path, spec ?? ({} as JobSpec)),
    ...(selector ? [invalid(`${path}.selector`, selector, '`selector` will be auto-generated')] : []),
    ...(manualSelector ? [notSupported(`${path}.manualSelector`, manualSelector, ['nil', 'false'])] : []),
  ];
}

function checkSpec(spec: CronJobSpec, old?: CronJobSpec): FieldError[] {
  return [
    ...checkSchedule(spec, old),
    ...checkNonNegative('spec.startingDeadlineSeconds', spec.startingDeadlineSeconds),
    ...(old && old.timeZone === spec.timeZone ? [] : checkTimeZone(spec.timeZone)),
    ...checkEnum('spec.concurrencyPolicy', spec.concurrencyPolicy, POLICIES),
    ...checkJobTemplate('spec.jobTemplate.spec', spec.jobTemplate?.spec),
    ...checkNonNegative('spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit),
    ...checkNonNegative('spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit),
  ];
}

export function checkNewCronJob({ metadata, spec = EMPTY }: CronJob): FieldError[] {
  const name = metadata?.name ?? '';
  const long = name.length > MAX_NAME;
  return [...checkSpec(spec), ...(long ? [invalid('metadata.name', name, `must be no more than ${MAX_NAME} characters`)] : [])];
}

export const checkCronJobUpdate = ({ spec = EMPTY }: CronJob, { spec: old }: CronJob): FieldError[] => checkSpec(spec, old);
