import { duplicate, type FieldError, invalid, OMIT_VALUE, required } from '../meta/field-error.ts';
import { checkNonNegative } from '../meta/validation.ts';
import type { Job, JobStatus } from '../schema/generated/types.ts';
import { countIndexes, firstCommonIndex } from './job-policy-validation.ts';

/**
 * What no controller may say of a Job (KEP-4368). Most rules look only at what the write changes: the spec may have made what was said before wrong, and the controller
 * mends one after the other.
 */

const conditionIs = (type: string, wanted: 'True' | 'False', { conditions }: JobStatus) =>
  conditions?.some((c) => c.type === type && c.status === wanted) ?? false;
const has = (status: JobStatus, type: string) => conditionIs(type, 'True', status);
const isFinished = (status: JobStatus) => has(status, 'Complete') || has(status, 'Failed');
const COUNTS = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const;

/** The status as it is to be and as it was, and whether they differ in any of these. */
interface Change {
  readonly job: Job;
  readonly status: JobStatus;
  readonly old: JobStatus;
  readonly differs: (...of: ((status: JobStatus) => unknown)[]) => boolean;
}

function changeOf(job: Job, { status: old = {} }: Job): Change {
  const { status = {} } = job;
  const text = (value: unknown) => JSON.stringify(value) ?? '';
  return { job, status, old, differs: (...of) => of.some((part) => text(part(status)) !== text(part(old))) };
}

const condition = (type: string) => (status: JobStatus) => has(status, type);
const field = (name: keyof JobStatus) => (status: JobStatus) => status[name];

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

type Rules = readonly (readonly [broken: boolean, detail: string])[];
const broken = (rules: Rules): FieldError[] => rules.filter(([is]) => is).map(([, detail]) => conditions(detail));
const isComplete = condition('Complete');
const isFailed = condition('Failed');

function checkTogether({ status, differs }: Change): FieldError[] {
  const complete = isComplete(status);
  return broken([
    [complete && isFailed(status) && differs(isComplete, isFailed), 'cannot set Complete=True and Failed=true conditions'],
    [
      complete && has(status, 'FailureTarget') && differs(isComplete, condition('FailureTarget')),
      'cannot set Complete=True and FailureTarget=true conditions',
    ],
  ]);
}

/** An end is announced before it comes. */
const checkAnnounced = ({ status, differs }: Change): FieldError[] =>
  broken([
    [
      isFailed(status) && !has(status, 'FailureTarget') && differs(isFailed, field('failedIndexes')),
      'cannot set Failed=True condition without the FailureTarget=true condition',
    ],
    [
      isComplete(status) && !has(status, 'SuccessCriteriaMet') && differs(isComplete, condition('SuccessCriteriaMet')),
      'cannot set Complete=True condition without the SuccessCriteriaMet=true condition',
    ],
  ]);

function checkCriteria({ job, status }: Change): FieldError[] {
  const met = has(status, 'SuccessCriteriaMet');
  return broken([
    [met && isFailed(status), 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
    [met && has(status, 'FailureTarget'), 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
    [
      job.spec?.successPolicy !== undefined && !met && isComplete(status),
      'cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True',
    ],
  ]);
}

function checkKept({ status, old }: Change): FieldError[] {
  const lost = ['Failed', 'Complete', 'FailureTarget'].filter((type) => has(old, type) && !has(status, type));
  return lost.map((type) => conditions(`cannot disable the terminal ${type}=True condition`));
}

function checkCriteriaKept({ status, old }: Change): FieldError[] {
  const [met, before] = [has(status, 'SuccessCriteriaMet'), has(old, 'SuccessCriteriaMet')];
  return broken([
    [before && !met, 'cannot disable the SuccessCriteriaMet=True condition'],
    [isComplete(old) && !before && met, 'cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'],
  ]);
}

function checkEnd({ status, differs }: Change): FieldError[] {
  const { startTime, completionTime } = status;
  const path = 'status.completionTime';
  const complete = isComplete(status);
  const isEnding = differs(isComplete, field('completionTime'));
  const isEarly = completionTime !== undefined && startTime !== undefined && completionTime < startTime;
  const noEnd = 'cannot set completionTime when there is no Complete=True condition';
  return [
    ...(isEnding && completionTime !== undefined && !complete ? [invalid(path, completionTime, noEnd)] : []),
    ...(isEnding && completionTime === undefined && complete ? [required(path, 'completionTime is required for Complete jobs')] : []),
    ...(isEarly && differs(field('startTime'), field('completionTime'))
      ? [invalid(path, completionTime, 'must be equal to or after `startTime`')]
      : []),
  ];
}

function checkTimesKept({ job, status, old }: Change): FieldError[] {
  const { startTime, completionTime } = status;
  // The user has ended the suspension already; only now the controller says so (the start of a resumed Job is the time of its resumption).
  const isResuming = conditionIs('Suspended', 'True', old) && conditionIs('Suspended', 'False', status);
  const isRestarted = old.startTime !== undefined && old.startTime !== startTime && !job.spec?.suspend && !isResuming;
  const isMoved = completionTime !== undefined && old.completionTime !== undefined && completionTime !== old.completionTime;
  return [
    ...(isMoved ? [invalid('status.completionTime', completionTime, 'field is immutable')] : []),
    ...(isRestarted ? [invalid('status.startTime', startTime ?? null, 'field is immutable for unsuspended job once set')] : []),
  ];
}

function checkFinished({ job, status, differs }: Change): FieldError[] {
  if (!isFinished(status)) return [];
  const { active = 0, startTime, uncountedTerminatedPods: pods } = status;
  const uncounted = (pods?.failed?.length ?? 0) + (pods?.succeeded?.length ?? 0) > 0;
  // Suspended from the beginning and with nothing to do: it is complete without ever having started.
  const neverStarts = job.spec?.suspend === true && job.spec.completions === 0;
  const since = (name: keyof JobStatus) => differs(isFinished, field(name));
  return [
    ...(active > 0 && since('active') ? [invalid('status.active', active, 'active>0 is invalid for finished job')] : []),
    ...(startTime === undefined && !neverStarts && since('startTime')
      ? [required('status.startTime', 'startTime is required for finished job')]
      : []),
    ...(uncounted && since('uncountedTerminatedPods')
      ? [invalid('status.uncountedTerminatedPods', pods, 'must be empty for finished job')]
      : []),
  ];
}

function checkIndexes({ job, status, differs }: Change): FieldError[] {
  const { completedIndexes = '', failedIndexes } = status;
  const { completions, completionMode, backoffLimitPerIndex } = job.spec ?? {};
  const [completedMoved, failedMoved] = [differs((s) => s.completedIndexes ?? ''), differs(field('failedIndexes'))];
  const errors: FieldError[] = [];
  const checkFormat = (name: string, text: string) => {
    const count = completions === undefined ? 0 : countIndexes(text, completions);
    if (typeof count === 'string') errors.push(invalid(`status.${name}`, text, `error parsing ${name}: ${count}`));
  };
  if (completedMoved) checkFormat('completedIndexes', completedIndexes);
  if (failedMoved && failedIndexes !== undefined && backoffLimitPerIndex !== undefined) checkFormat('failedIndexes', failedIndexes);
  if (completedMoved && completedIndexes && completionMode !== 'Indexed') {
    const detail = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(invalid('status.completedIndexes', completedIndexes, detail));
  }
  if (failedMoved && failedIndexes !== undefined && backoffLimitPerIndex === undefined) {
    errors.push(invalid('status.failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  }
  if ((completedMoved || failedMoved) && completions !== undefined && failedIndexes !== undefined) {
    const common = firstCommonIndex(completedIndexes, failedIndexes, completions);
    const detail = `failedIndexes and completedIndexes overlap at index: ${common}`;
    if (common !== undefined) errors.push(invalid('status.failedIndexes', failedIndexes, detail));
  }
  return errors;
}

function checkPods({ status, differs }: Change): FieldError[] {
  const { ready, active = 0, terminating = 0 } = status;
  return [
    ...(terminating > 0 && isFinished(status) && differs(isFinished, field('terminating'))
      ? [invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job')]
      : []),
    ...(ready !== undefined && ready > active && differs(field('ready'), field('active'))
      ? [invalid('status.ready', ready, 'cannot set more ready pods than active')]
      : []),
  ];
}

function checkCounters({ job, status, old }: Change): FieldError[] {
  const { completionMode, completions, parallelism } = job.spec ?? {};
  const less = (name: 'failed' | 'succeeded') =>
    (status[name] ?? 0) < (old[name] ?? 0) ? [invalid(`status.${name}`, status[name] ?? 0, `cannot decrease the ${name} counter`)] : [];
  // Such a Job may be made smaller, and what has succeeded above its new size does not count any more.
  const isElastic = completionMode === 'Indexed' && completions === parallelism;
  return [...less('failed'), ...(isElastic ? [] : less('succeeded'))];
}

/** In the order in which upstream looks: what the status is, then what it was. */
const CHECKS = [
  checkTogether,
  checkEnd,
  checkAnnounced,
  checkFinished,
  checkIndexes,
  checkPods,
  checkCriteria,
  checkKept,
  checkCounters,
  checkTimesKept,
  checkCriteriaKept,
] as const;

export function checkJobStatus(job: Job, old: Job): FieldError[] {
  const change = changeOf(job, old);
  return [
    ...COUNTS.flatMap((name) => checkNonNegative(`status.${name}`, change.status[name])),
    ...checkUncounted(change.status),
    ...CHECKS.flatMap((check) => check(change)),
  ];
}
