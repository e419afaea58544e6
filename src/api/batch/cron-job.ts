import { workloadWarnings } from '../core/pod-warnings.ts';
import { defineResource } from '../define.ts';
import type { CronJob } from '../schema/generated/types.ts';
import { checkCronJobUpdate, checkNewCronJob } from './cron-job-validation.ts';
import { cronJobColumns } from './job-columns.ts';
import { defaultCronJob } from './job-defaults.ts';
import { indexWarnings } from './job-warnings.ts';

const templateWarnings = workloadWarnings<CronJob>('spec.jobTemplate.spec.template', ({ spec }) => spec?.jobTemplate?.spec?.template, true);

export const cronJobs = defineResource<CronJob>({
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  scope: 'Namespaced',
  shortNames: ['cj'],
  categories: ['all'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  columns: cronJobColumns,
  hooks: {
    defaults: defaultCronJob,
    checksRequired: true,
    validateCreate: checkNewCronJob,
    warnings: (job, old) => [
      ...indexWarnings('spec.jobTemplate.spec', job.spec?.jobTemplate.spec, old?.spec?.jobTemplate.spec),
      ...templateWarnings(job, old),
    ],
    validateUpdate: checkCronJobUpdate,
    validateStatus: () => [],
  },
});
