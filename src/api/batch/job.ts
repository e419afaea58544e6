import { workloadWarnings } from '../core/pod-warnings.ts';
import { defineResource } from '../define.ts';
import type { Job } from '../schema/generated/types.ts';
import { jobColumns } from './job-columns.ts';
import { defaultJob, generateSelector } from './job-defaults.ts';
import { checkJobStatus } from './job-status-validation.ts';
import { checkJob, checkJobUpdate, checkNewJob } from './job-validation.ts';

export const jobs = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  scope: 'Namespaced',
  categories: ['all'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  fieldSelectors: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  columns: jobColumns,
  hooks: {
    defaults: defaultJob,
    prepareForCreate: generateSelector,
    checksRequired: true,
    validate: checkJob,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, true),
    validateCreate: checkNewJob,
    validateUpdate: checkJobUpdate,
    validateStatus: checkJobStatus,
  },
});
