import { defaultPodTemplate } from '../core/defaults-pod-spec.ts';
import { fill, fillZero } from '../meta/fill.ts';
import { same } from '../meta/validation.ts';
import type { CronJob, Job, JobSpec } from '../schema/generated/types.ts';

const BACKOFF_LIMIT = 6;
const MAX_INT32 = 2_147_483_647;

export function defaultJob(job: Job): void {
  const { spec } = job;
  if (!spec) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  const labels = spec.template?.metadata?.labels;
  if (labels && Object.keys(job.metadata?.labels ?? {}).length === 0) job.metadata = { ...job.metadata, labels: { ...labels } };
  fill(spec, {
    parallelism: 1,
    backoffLimit: spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : MAX_INT32,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed',
  });
  defaultJobTemplate(spec);
}

/** Inside a CronJob only the pods' template is defaulted; the Job gets its own defaults when it is made. */
function defaultJobTemplate(spec: JobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) fillZero(pattern, { status: 'True' });
  }
  defaultPodTemplate(spec.template);
}

export function defaultCronJob({ spec }: CronJob): void {
  if (!spec) return;
  fillZero(spec, { concurrencyPolicy: 'Allow' });
  fill(spec, { suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 });
  if (spec.jobTemplate?.spec) defaultJobTemplate(spec.jobTemplate.spec);
}

const UID_LABEL = 'batch.kubernetes.io/controller-uid';

/** A Job selects its own pods by its uid unless the author took that over with `manualSelector`. */
export function generateSelector(job: Job): void {
  const { metadata } = job;
  job.spec ??= { template: {} };
  const { spec } = job;
  if (spec.manualSelector || !metadata?.uid) return;
  const name = metadata.name ?? '';
  const generated = { 'controller-uid': metadata.uid, [UID_LABEL]: metadata.uid, 'job-name': name, 'batch.kubernetes.io/job-name': name };
  spec.template ??= {};
  spec.template.metadata ??= {};
  // Labels that came from the template follow it; what the author wrote himself is validation's to refuse.
  const inherited = same(metadata.labels, spec.template.metadata.labels);
  const labels = { ...generated, ...spec.template.metadata.labels };
  spec.template.metadata.labels = labels;
  if (inherited) metadata.labels = { ...labels };
  spec.selector ??= {};
  spec.selector.matchLabels = { [UID_LABEL]: metadata.uid, ...spec.selector.matchLabels };
}
