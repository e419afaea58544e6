import { checkPodTemplate } from '../core/validation-pod-spec.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { labelSelectorMatcher } from '../meta/selectors.ts';
import { checkImmutable, checkLabelSelector, checkNonNegative, isEmptySelector } from '../meta/validation.ts';
import type { DaemonSet, Deployment, LabelSelector, PodTemplateSpec, ReplicaSet, StatefulSet } from '../schema/generated/types.ts';

/** How upstream calls each kind in its messages. */
const SPOKEN = { Deployment: 'deployment', ReplicaSet: 'replicaset', StatefulSet: 'statefulset', DaemonSet: 'daemonset' } as const;

/** A selector that is there, is not empty, and matches the labels of the template. */
function checkSelector(
  kind: keyof typeof SPOKEN,
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
): FieldError[] {
  if (!selector) return [required('spec.selector')];
  const errors = checkLabelSelector('spec.selector', selector);
  if (isEmptySelector(selector)) errors.push(invalid('spec.selector', selector, `empty selector is invalid for ${SPOKEN[kind]}`));
  if (errors.length > 0) return errors;
  const labels = template?.metadata?.labels ?? {};
  if (labelSelectorMatcher(selector)(labels)) return [];
  return [invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`')];
}

/** Pods of these workloads run for ever. */
function checkTemplate(kind: keyof typeof SPOKEN, template: PodTemplateSpec | undefined): FieldError[] {
  const errors = checkPodTemplate('spec.template', template);
  const policy = template?.spec?.restartPolicy;
  if (policy && policy !== 'Always') errors.push(notSupported('spec.template.spec.restartPolicy', policy, ['Always']));
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    errors.push(forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`));
  }
  return errors;
}

const PERCENT_RULE =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** Non-negative integer, or a percentage; `max` bounds the percentage. */
export function checkIntOrPercent(path: string, value: number | string | undefined, max = Number.POSITIVE_INFINITY): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return checkNonNegative(path, value);
  if (!/^[0-9]+%$/.test(value)) return [invalid(path, value, PERCENT_RULE)];
  return Number.parseInt(value, 10) > max ? [invalid(path, value, 'must not be greater than 100%')] : [];
}

const isZero = (value: number | string | undefined) => value !== undefined && Number.parseInt(String(value), 10) === 0;

function checkStrategy({ strategy }: NonNullable<Deployment['spec']>): FieldError[] {
  const path = 'spec.strategy';
  if (strategy?.type === 'Recreate') {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    return strategy.rollingUpdate ? [forbidden(`${path}.rollingUpdate`, detail)] : [];
  }
  if (strategy?.type !== 'RollingUpdate') return [notSupported(`${path}.type`, strategy?.type ?? '', ['Recreate', 'RollingUpdate'])];
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  const errors = [
    ...checkIntOrPercent(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 100),
    ...checkIntOrPercent(`${path}.rollingUpdate.maxSurge`, maxSurge),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return errors;
}

export function checkDeployment({ spec }: Deployment): FieldError[] {
  if (!spec) return [required('spec')];
  const deadline = spec.progressDeadlineSeconds;
  const errors = [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkSelector('Deployment', spec.selector, spec.template),
    ...checkTemplate('Deployment', spec.template),
    ...checkStrategy(spec),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...checkNonNegative('spec.progressDeadlineSeconds', deadline),
  ];
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return errors;
}

export function checkReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (!spec) return [required('spec')];
  return [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkNonNegative('spec.minReadySeconds', spec.minReadySeconds),
    ...checkSelector('ReplicaSet', spec.selector, spec.template),
    ...checkTemplate('ReplicaSet', spec.template),
  ];
}

export function checkStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (!spec) return [required('spec')];
  return [
    ...checkNonNegative('spec.replicas', spec.replicas),
    ...checkSelector('StatefulSet', spec.selector, spec.template),
    ...checkTemplate('StatefulSet', spec.template),
  ];
}

export function checkDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (!spec) return [required('spec')];
  return [...checkSelector('DaemonSet', spec.selector, spec.template), ...checkTemplate('DaemonSet', spec.template)];
}

interface Selecting {
  spec?: { selector?: LabelSelector };
}
/** Pods of the old selector would be orphaned without a trace. */
export const checkSelectorKept = (value: Selecting, old: Selecting): FieldError[] =>
  checkImmutable('spec.selector', value.spec?.selector, old.spec?.selector);
