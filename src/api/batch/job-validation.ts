import { checkPodTemplate } from '../core/validation-pod-spec.ts';
import { checkDomainPrefixedPath } from '../meta/domain-path.ts';
import { type FieldError, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import { shownMap, shownSelector } from '../meta/go-values.ts';
import { dns1123LabelFindings } from '../meta/names.ts';
import { labelSelectorMatcher } from '../meta/selectors.ts';
import { checkEnum, checkImmutable, checkLabelSelector, checkNonNegative, same } from '../meta/validation.ts';
import type { Job, JobSpec, JobStatus, PodSpec, PodTemplateSpec } from '../schema/generated/types.ts';
import { checkFailurePolicy, checkSuccessPolicy } from './job-policy-validation.ts';

const MAX_PARALLELISM = 100_000;
const MAX_FAILED_INDEXES = 100_000;
const MANY_COMPLETIONS = 100_000;
const PARALLELISM_OF_MANY = 10_000;
const FAILED_INDEXES_OF_MANY = 10_000;
const MAX_MANAGED_BY = 63;
const IN_MANY = `when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;

/** Jobs whose pods are numbered. */
function checkIndexed(path: string, spec: JobSpec): FieldError[] {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const most = (field: 'parallelism' | 'maxFailedIndexes', limit: number, when = '') =>
    (spec[field] ?? 0) > limit ? [invalid(`${path}.${field}`, spec[field], `must be less than or equal to ${limit}${when}`)] : [];
  const many = (completions ?? 0) > MANY_COMPLETIONS && backoffLimitPerIndex !== undefined;
  const needsMaximum = many && maxFailedIndexes === undefined;
  return [
    ...(completions === undefined ? [required(`${path}.completions`, 'when completion mode is Indexed')] : []),
    ...(parallelism > MAX_PARALLELISM ? most('parallelism', MAX_PARALLELISM, ' when completion mode is Indexed') : []),
    ...(completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions
      ? [invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions')]
      : []),
    ...most('maxFailedIndexes', MAX_FAILED_INDEXES),
    ...(needsMaximum ? [required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`)] : []),
    ...(many ? most('parallelism', PARALLELISM_OF_MANY, ` ${IN_MANY}`) : []),
    ...(many ? most('maxFailedIndexes', FAILED_INDEXES_OF_MANY, ` ${IN_MANY}`) : []),
  ];
}

function checkMode(path: string, spec: JobSpec): FieldError[] {
  const { completionMode = 'NonIndexed' } = spec;
  const errors = checkEnum(`${path}.completionMode`, completionMode, ['NonIndexed', 'Indexed']);
  if (completionMode === 'Indexed') return checkIndexed(path, spec);
  if (completionMode !== 'NonIndexed') return errors;
  return (['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
    .filter((field) => spec[field] !== undefined)
    .map((field) => invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode'));
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

function checkReplacement(path: string, { podReplacementPolicy, podFailurePolicy }: JobSpec): FieldError[] {
  return checkEnum(path, podReplacementPolicy, podFailurePolicy ? ['Failed'] : ['Failed', 'TerminatingOrFailed']);
}

/** A Job's pods end. */
function checkRestartPolicy(path: string, { template, podFailurePolicy }: JobSpec): FieldError[] {
  const policy = template?.spec?.restartPolicy ?? 'Always';
  if (policy === 'Always' || policy === '') return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])];
  if (!podFailurePolicy || policy === 'Never') return [];
  return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')];
}

/** What Jobs and the templates of CronJobs have in common. */
export function checkJobContent(path: string, spec: JobSpec): FieldError[] {
  const { managedBy, completionMode, podFailurePolicy, successPolicy } = spec;
  const lonely = spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined;
  const policy = `${path}.successPolicy`;
  const indexed = completionMode === 'Indexed';
  return [
    ...COUNTS.flatMap((field) => checkNonNegative(`${path}.${field}`, spec[field])),
    ...(lonely ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')] : []),
    ...(managedBy === undefined ? [] : checkDomainPrefixedPath(`${path}.managedBy`, managedBy)),
    ...((managedBy ?? '').length > MAX_MANAGED_BY ? [tooLong(`${path}.managedBy`, MAX_MANAGED_BY)] : []),
    ...checkMode(path, spec),
    ...(podFailurePolicy ? checkFailurePolicy(`${path}.podFailurePolicy`, spec) : []),
    ...(successPolicy && !indexed ? [invalid(policy, successPolicy, 'requires indexed completion mode')] : []),
    ...(successPolicy && indexed ? checkSuccessPolicy(policy, spec) : []),
    ...checkReplacement(`${path}.podReplacementPolicy`, spec),
    ...checkPodTemplate(`${path}.template`, spec.template),
    ...checkRestartPolicy(`${path}.template.spec.restartPolicy`, spec),
  ];
}

const EMPTY = {} as JobSpec;
const LEGACY_LABELS: readonly string[] = ['controller-uid', 'job-name'];
const PREFIXED_LABELS: readonly string[] = ['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];
const UID_LABELS: readonly string[] = ['controller-uid', 'batch.kubernetes.io/controller-uid'];

function checkHasLabel(labels: Readonly<Record<string, string>>, key: string, value: string): FieldError[] {
  const path = `spec.template.metadata.labels[${key}]`;
  if (labels[key] === undefined) return [required(path, `must be '${value}'`)];
  return labels[key] === value ? [] : [invalid(path, labels, `must be '${value}'`)];
}

/** The author may not have written what the server generates. `prefixed`: the labels with Kubernetes' prefix as well, which older Jobs lack. */
function checkGenerated({ metadata, spec = EMPTY }: Job, prefixed = true): FieldError[] {
  if (spec.manualSelector || !spec.selector || !metadata?.uid) return [];
  const labels = spec.template?.metadata?.labels ?? {};
  const { uid, name = '' } = metadata;
  const generated = prefixed ? [...LEGACY_LABELS, ...PREFIXED_LABELS] : LEGACY_LABELS;
  const expected = Object.fromEntries(generated.map((key) => [key, UID_LABELS.includes(key) ? uid : name]));
  const errors = generated.flatMap((key) => checkHasLabel(labels, key, expected[key] ?? ''));
  if (checkLabelSelector('', spec.selector).length > 0 || labelSelectorMatcher(spec.selector)(expected)) return errors;
  return [...errors, invalid('spec.selector', shownSelector(spec.selector), '`selector` not auto-generated')];
}

function checkSelects({ selector, template }: JobSpec): FieldError[] {
  const errors = selector ? checkLabelSelector('spec.selector', selector) : [required('spec.selector')];
  const labels = template?.metadata?.labels;
  if ((selector && errors.length > 0) || labelSelectorMatcher(selector)(labels)) return errors;
  return [...errors, invalid('spec.template.metadata.labels', shownMap(labels), '`selector` does not match template `labels`')];
}

const checkSpec = (spec: JobSpec): FieldError[] => [...checkJobContent('spec', spec), ...checkSelects(spec)];

/** The hostnames of numbered pods are labels. */
function checkHostnames({ metadata, spec = EMPTY }: Job): FieldError[] {
  const { completions = 0, completionMode } = spec;
  if (completionMode !== 'Indexed' || completions <= 0) return [];
  const hostname = `${metadata?.name ?? ''}-${completions - 1}`;
  if (dns1123LabelFindings(hostname).length === 0) return [];
  return [invalid('metadata.name', metadata?.name ?? '', `will not able to create pod with invalid DNS label: ${hostname}`)];
}

export function checkJob(job: Job, prefixed = true): FieldError[] {
  return [...checkGenerated(job, prefixed), ...checkSpec(job.spec ?? EMPTY), ...checkHostnames(job)];
}

/** While nothing of it runs, a suspended Job may still be told where its pods go, and what they need (KEP-2926, KEP-5440). */
function comparable(template: PodTemplateSpec | undefined, mutable: boolean): unknown {
  if (!mutable || !template) return template;
  const { nodeSelector: _n, tolerations: _t, schedulingGates: _g, affinity, ...spec } = template.spec ?? ({ containers: [] } as PodSpec);
  const { labels: _l, annotations: _a, ...metadata } = template.metadata ?? {};
  const resourceless = (containers: PodSpec['containers'] | undefined) => containers?.map(({ resources: _, ...c }) => c);
  const { nodeAffinity: _na, ...otherAffinity } = affinity ?? {};
  return {
    metadata,
    spec: {
      ...spec,
      affinity: otherAffinity,
      containers: resourceless(spec.containers),
      initContainers: resourceless(spec.initContainers),
    },
  };
}

function checkCompletions(spec: JobSpec, old: JobSpec): FieldError[] {
  if (spec.completionMode !== 'Indexed') return checkImmutable('spec.completions', spec.completions, old.completions);
  if (spec.completions === old.completions || spec.completions === undefined || spec.completions === spec.parallelism) return [];
  return [invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism')];
}

/** Suspended, and nothing of it runs: never started, or the controller has said that it is suspended (KEP-5440). */
function isAtRest({ suspend }: JobSpec, { startTime, conditions, active = 0 }: JobStatus = {}): boolean {
  const saidSo = conditions?.some((c) => c.type === 'Suspended' && c.status === 'True') ?? false;
  return (suspend ?? false) && (startTime === undefined || saidSo) && active === 0;
}

const immutableTemplate = ({ template }: JobSpec, mutable: boolean): FieldError =>
  mutable
    ? invalid('spec.template.spec', template?.spec ?? null, 'field is immutable')
    : invalid('spec.template', template, 'field is immutable');

/** Upstream looks at the spec once more: what is wrong with it counts twice. */
export function checkJobUpdate(job: Job, { spec: old = EMPTY, status }: Job): FieldError[] {
  const { spec = EMPTY } = job;
  const labels = old.template?.metadata?.labels ?? {};
  const mutable = isAtRest(old, status);
  const kept = same(comparable(spec.template, mutable), comparable(old.template, mutable));
  return [
    ...checkJob(
      job,
      PREFIXED_LABELS.every((key) => labels[key] !== undefined),
    ),
    ...checkSpec(spec),
    ...checkCompletions(spec, old),
    ...checkImmutable('spec.selector', spec.selector, old.selector),
    ...(kept ? [] : [immutableTemplate(spec, mutable)]),
    ...(['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const).flatMap((field) =>
      checkImmutable(`spec.${field}`, spec[field], old[field]),
    ),
  ];
}
