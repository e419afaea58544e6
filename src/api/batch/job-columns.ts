import { templateColumns } from '../core/template-columns.ts';
import { type Column, column } from '../define.ts';
import { boolCell, NONE, selectorCell } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import { humanDuration, since } from '../meta/duration.ts';
import type { CronJob, Job } from '../schema/generated/types.ts';

function statusCell(job: Job): string {
  const has = (type: string) => job.status?.conditions?.some((c) => c.type === type && c.status === 'True');
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata?.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function completionsCell({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationCell({ status }: Job, nowMs: number): string {
  if (!status?.startTime) return '';
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs;
  return humanDuration(end - Date.parse(status.startTime));
}

export const jobColumns: readonly Column<Job>[] = [
  nameColumn,
  column('Status', 'string', statusCell, { description: 'Status of the job.' }),
  column('Completions', 'string', completionsCell, { of: 'JobStatus.succeeded' }),
  column('Duration', 'string', durationCell, { description: 'Time required to complete the job.' }),
  ageColumn,
  ...templateColumns((job: Job) => job.spec?.template.spec),
  wideColumn('Selector', 'string', (job: Job) => selectorCell(job.spec?.selector), { of: 'JobSpec.selector' }),
];

const lastScheduleCell = ({ status }: CronJob, nowMs: number) => (status?.lastScheduleTime ? since(status.lastScheduleTime, nowMs) : NONE);

export const cronJobColumns: readonly Column<CronJob>[] = [
  nameColumn,
  column('Schedule', 'string', (cronJob: CronJob) => cronJob.spec?.schedule ?? '', { of: 'CronJobSpec.schedule' }),
  column('Timezone', 'string', (cronJob: CronJob) => cronJob.spec?.timeZone ?? NONE, { of: 'CronJobSpec.timeZone' }),
  column('Suspend', 'boolean', (cronJob: CronJob) => boolCell(cronJob.spec?.suspend), { of: 'CronJobSpec.suspend' }),
  column('Active', 'integer', (cronJob: CronJob) => cronJob.status?.active?.length ?? 0, { of: 'CronJobStatus.active' }),
  column('Last Schedule', 'string', lastScheduleCell, { of: 'CronJobStatus.lastScheduleTime' }),
  ageColumn,
  ...templateColumns((cronJob: CronJob) => cronJob.spec?.jobTemplate.spec?.template.spec),
  wideColumn('Selector', 'string', (cronJob: CronJob) => selectorCell(cronJob.spec?.jobTemplate.spec?.selector), {
    of: 'JobSpec.selector',
  }),
];
