import { duplicate, type FieldError, invalid, OMIT_VALUE, required } from '../meta/field-error.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { Job, JobStatus } from '../schema/generated/types.ts';
import { countIndexes } from './job-policy-validation.ts';

/** What no controller may say of a Job (KEP-4368). */

const has = ({ conditions }: JobStatus, type: string) => conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

function checkUncounted({ uncountedTerminatedPods: pods }: JobStatus): FieldError[] {
  const seen = new Set<string>();
  return (['succeeded', 'failed'] as const).flatMap((list) =>
    (pods?.[list] ?? []).flatMap((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') return [invalid(at, uid, 'must not be empty')];
      const twice = seen.has(uid);
      seen.add(uid);
      return twice ? [duplicate(at, uid)] : [];
    }),
  );
}

const conditions = (detail: string) => invalid('status.conditions', OMIT_VALUE, detail);

function checkConditions(status: JobStatus): FieldError[] {
  const [complete, failed] = [has(status, 'Complete'), has(status, 'Failed')];
  const [target, met] = [has(status, 'FailureTarget'), has(status, 'SuccessCriteriaMet')];
  const rules: readonly (readonly [broken: boolean, detail: string])[] = [
    [complete && failed, 'cannot set Complete=True and Failed=true conditions'],
    [complete && target, 'cannot set Complete=True and FailureTarget=true conditions'],
    [failed && !target, 'cannot set Failed=True condition without the FailureTarget=true condition'],
    [complete && !met, 'cannot set Complete=True condition without the SuccessCriteriaMet=true condition'],
    [met && failed, 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [met && target, 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
  ];
  return rules.filter(([broken]) => broken).map(([, detail]) => conditions(detail));
}

function checkTimes(status: JobStatus): FieldError[] {
  const { startTime, completionTime } = status;
  const path = 'status.completionTime';
  const complete = has(status, 'Complete');
  if (completionTime === undefined) return complete ? [required(path, 'completionTime is required for Complete jobs')] : [];
  const early = startTime !== undefined && completionTime < startTime;
  return [
    ...(complete ? [] : [invalid(path, completionTime, 'cannot set completionTime when there is no Complete=True condition')]),
    ...(early ? [invalid(path, completionTime, 'completionTime cannot be set before startTime')] : []),
  ];
}

function checkFinished(status: JobStatus): FieldError[] {
  if (!has(status, 'Complete') && !has(status, 'Failed')) return [];
  const { active = 0, terminating = 0, startTime, uncountedTerminatedPods: pods } = status;
  const uncounted = (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0) > 0;
  const detail = 'uncountedTerminatedPods needs to be empty for finished job';
  return [
    ...(active > 0 ? [invalid('status.active', active, 'active>0 is invalid for finished job')] : []),
    ...(startTime === undefined ? [required('status.startTime', 'startTime is required for finished job')] : []),
    ...(uncounted ? [invalid('status.uncountedTerminatedPods', pods, detail)] : []),
    ...(terminating > 0 ? [invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')] : []),
  ];
}

function checkIndexes({ spec, status = {} }: Job): FieldError[] {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, completionMode, backoffLimitPerIndex } = spec ?? {};
  const errors: FieldError[] = [];
  for (const [field, text] of Object.entries({ completedIndexes, failedIndexes })) {
    const count = completions === undefined || text === undefined ? 0 : countIndexes(text, completions);
    if (typeof count === 'string') errors.push(invalid(`status.${field}`, text, `error parsing ${field}: ${count}`));
  }
  if (completedIndexes && completionMode !== 'Indexed') {
    errors.push(
      invalid('status.completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'),
    );
  }
  if (failedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    errors.push(invalid('status.failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  }
  return errors;
}

/** What was said of a Job and cannot be taken back. */
function checkProgress({ spec, status = {} }: Job, { status: old = {} }: Job): FieldError[] {
  const lost = ['Failed', 'Complete', 'FailureTarget'].filter((type) => has(old, type) && !has(status, type));
  const less = (field: 'failed' | 'succeeded') =>
    (status[field] ?? 0) < (old[field] ?? 0)
      ? [invalid(`status.${field}`, status[field] ?? 0, `cannot decrease the ${field} counter`)]
      : [];
  const moved = status.completionTime && old.completionTime && status.completionTime !== old.completionTime;
  const restarted = old.startTime !== undefined && old.startTime !== status.startTime && !spec?.suspend;
  const unmet = has(old, 'SuccessCriteriaMet') && !has(status, 'SuccessCriteriaMet');
  return [
    ...lost.map((type) => conditions(`cannot disable the terminal ${type}=True condition`)),
    ...less('failed'),
    ...less('succeeded'),
    ...(moved ? [invalid('status.completionTime', status.completionTime, 'completionTime cannot be mutated')] : []),
    ...(restarted ? [required('status.startTime', 'startTime cannot be removed for unsuspended job')] : []),
    ...(unmet ? [conditions('cannot disable the SuccessCriteriaMet=True condition')] : []),
  ];
}

export function checkJobStatus(job: Job, old: Job): FieldError[] {
  const { status = {} } = job;
  const { ready = 0, active = 0 } = status;
  return [
    ...COUNTS.flatMap((field) => checkNonNegative(`status.${field}`, status[field])),
    ...checkUncounted(status),
    ...checkConditions(status),
    ...checkTimes(status),
    ...checkFinished(status),
    ...checkIndexes(job),
    ...(ready > active ? [invalid('status.ready', ready, 'cannot set more ready pods than active')] : []),
    ...checkProgress(job, old),
  ];
}
