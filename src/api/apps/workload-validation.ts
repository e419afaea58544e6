import { checkPodTemplate } from '../core/validation-pod-spec.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { shownMap } from '../meta/go-values.ts';
import { labelSelectorMatcher } from '../meta/selectors.ts';
import {
  checkAtMostAll,
  checkImmutable,
  checkIntOrPercent,
  checkLabelSelector,
  checkNonNegative,
  isEmptySelector,
  percentOf,
} from '../meta/validation.ts';
import type { DaemonSet, Deployment, LabelSelector, PodTemplateSpec, ReplicaSet } from '../schema/generated/types.ts';
import { checkRollback } from './deployment-rollback.ts';

/** A selector that is there, is not empty and is well formed. `spoken`: how upstream calls the kind in this message. */
export function checkSelector(selector: LabelSelector | undefined, spoken: string): FieldError[] {
  if (!selector) return [required('spec.selector')];
  const errors = checkLabelSelector('spec.selector', selector);
  return isEmptySelector(selector) ? [...errors, invalid('spec.selector', selector, `empty selector is invalid for ${spoken}`)] : errors;
}

/** undefined when the selector cannot be read at all: then nothing can be said about what it matches. */
export function selects(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): boolean | undefined {
  if (checkLabelSelector('spec.selector', selector).length > 0) return undefined;
  return selector ? labelSelectorMatcher(selector)(template?.metadata?.labels ?? {}) : false;
}

const MISMATCH = '`selector` does not match template `labels`';
export const mismatch = (template: PodTemplateSpec | undefined): FieldError =>
  invalid('spec.template.metadata.labels', shownMap(template?.metadata?.labels), MISMATCH);

/** A selector that is missing selects nothing, whereas an empty one has a finding of its own. */
export const differs = (selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): boolean =>
  selects(selector, template) === false && !(selector && isEmptySelector(selector));

/** Pods of these workloads run for ever. `kind`: whom upstream blames. */
export function checkEndless(template: PodTemplateSpec | undefined, kind: string): FieldError[] {
  const { restartPolicy = 'Always', activeDeadlineSeconds } = template?.spec ?? {};
  return [
    ...(restartPolicy === 'Always' ? [] : [notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always'])]),
    ...(activeDeadlineSeconds === undefined
      ? []
      : [forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

/** Deployments share the ReplicaSet's check, and its name in the messages. */
function checkReplicated(selector: LabelSelector | undefined, template: PodTemplateSpec | undefined): FieldError[] {
  if (selects(selector, template) === undefined) return [invalid('spec.selector', selector, 'invalid label selector')];
  return [
    ...(differs(selector, template) ? [mismatch(template)] : []),
    ...checkPodTemplate('spec.template', template),
    ...checkEndless(template, 'ReplicaSet'),
  ];
}

const isZero = (value: number | string | undefined) => (typeof value === 'number' ? value : (percentOf(value) ?? 0)) === 0;

/** As upstream shows its internal types. */
const shownStrategy = ({ type = '', rollingUpdate }: NonNullable<DaemonSet['spec']>['updateStrategy'] = {}) => ({
  Type: type,
  RollingUpdate: rollingUpdate ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 } : null,
});

function checkStrategy({ strategy }: NonNullable<Deployment['spec']>): FieldError[] {
  const path = 'spec.strategy';
  if (strategy?.type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    return strategy.rollingUpdate ? [forbidden(`${path}.rollingUpdate`, detail)] : [];
  }
  if (strategy?.type !== 'RollingUpdate') return [notSupported(path, shownStrategy(strategy), ['Recreate', 'RollingUpdate'])];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  const stuck = isZero(maxUnavailable) && isZero(maxSurge);
  return [
    ...checkIntOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...checkIntOrPercent(`${path}.rollingUpdate.maxSurge`, maxSurge),
    ...(stuck ? [invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0')] : []),
    ...checkAtMostAll(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable),
  ];
}

export function checkDeployment(deployment: Deployment): FieldError[] {
  const { spec } = deployment;
  const { replicas, selector, template, minReadySeconds = 0, revisionHistoryLimit, progressDeadlineSeconds: deadline } = spec ?? {};
  const early = deadline !== undefined && deadline <= minReadySeconds;
  return [
    ...checkNonNegative('spec.replicas', replicas),
    ...checkSelector(selector, 'deployment'),
    ...checkReplicated(selector, template),
    ...checkStrategy((spec ?? { strategy: { type: 'RollingUpdate' } }) as NonNullable<Deployment['spec']>),
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...checkNonNegative('spec.revisionHistoryLimit', revisionHistoryLimit),
    ...checkRollback(deployment),
    ...checkNonNegative('spec.progressDeadlineSeconds', deadline),
    ...(early ? [invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')] : []),
  ];
}

export function checkReplicaSet({ spec }: ReplicaSet): FieldError[] {
  const { replicas, selector, template, minReadySeconds } = spec ?? {};
  return [
    ...checkNonNegative('spec.replicas', replicas),
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...checkSelector(selector, 'deployment'),
    ...checkReplicated(selector, template),
  ];
}

function checkDaemonStrategy(strategy: NonNullable<DaemonSet['spec']>['updateStrategy']): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = strategy ?? {};
  if (type === 'OnDelete') return [];
  if (type !== 'RollingUpdate') return [notSupported(path, shownStrategy(strategy), ['RollingUpdate', 'OnDelete'])];
  if (!rollingUpdate) return [required(`${path}.rollingUpdate`)];
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const [unavailable, surge] = [`${path}.rollingUpdate.maxUnavailable`, `${path}.rollingUpdate.maxSurge`];
  const errors = [
    ...checkIntOrPercent(unavailable, maxUnavailable),
    ...checkIntOrPercent(surge, maxSurge),
    ...checkAtMostAll(unavailable, maxUnavailable),
    ...checkAtMostAll(surge, maxSurge),
  ];
  if (!isZero(maxUnavailable) && !isZero(maxSurge)) {
    errors.push(invalid(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (isZero(maxUnavailable) && isZero(maxSurge)) errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'));
  return errors;
}

export function checkDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template, minReadySeconds, updateStrategy, revisionHistoryLimit } = spec ?? {};
  return [
    ...checkLabelSelector('spec.selector', selector),
    ...(selects(selector, template) === false ? [mismatch(template)] : []),
    ...(selector && isEmptySelector(selector) ? [invalid('spec.selector', selector, 'empty selector is invalid for daemonset')] : []),
    ...checkPodTemplate('spec.template', template),
    ...checkEndless(template, 'DaemonSet'),
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...checkDaemonStrategy(updateStrategy),
    ...checkNonNegative('spec.revisionHistoryLimit', revisionHistoryLimit),
  ];
}

interface Selecting {
  spec?: { selector?: LabelSelector };
}
/** Pods of the old selector would be orphaned without a trace. */
export const checkSelectorKept = (value: Selecting, old: Selecting): FieldError[] =>
  checkImmutable('spec.selector', value.spec?.selector, old.spec?.selector);

export const checkDaemonSetUpdate = (value: DaemonSet, old: DaemonSet): FieldError[] => [
  ...checkSelectorKept(value, old),
  ...checkDaemonSet(value),
];
