import { workloadWarnings } from '../core/pod-warnings.ts';
import { defineResource } from '../define.ts';
import type { Job } from '../schema/generated/types.ts';
import { jobColumns } from './job-columns.ts';
import { defaultJob, generateSelector } from './job-defaults.ts';
import { checkJobStatus } from './job-status-validation.ts';
import { checkJob, checkJobUpdate } from './job-validation.ts';
import { indexWarnings } from './job-warnings.ts';

const templateWarnings = workloadWarnings<Job>('spec.template', ({ spec }) => spec?.template, true);

export const jobs = defineResource<Job>({
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  scope: 'Namespaced',
  categories: ['all'],
  generation: true,
  orphansByDefault: true,
  subresources: { status: { kind: 'status' } },
  fieldSelectors: { 'status.successful': (job) => String(job.status?.succeeded ?? 0) },
  columns: jobColumns,
  hooks: {
    defaults: defaultJob,
    prepareForCreate: generateSelector,
    orphaningWarning:
      'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
    checksRequired: true,
    warnings: (job, old) => [...indexWarnings('spec', job.spec, old?.spec), ...templateWarnings(job, old)],
    validateCreate: (job) => checkJob(job),
    validateUpdate: checkJobUpdate,
    validateStatus: checkJobStatus,
  },
});
