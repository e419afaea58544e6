import { checkConditions } from '../meta/conditions.ts';
import { type FieldError, invalid } from '../meta/field-error.ts';
import { checkAtMostAll, checkEnum, checkIntOrPercent, checkLabelSelector, checkNonNegative } from '../meta/validation.ts';
import type { PodDisruptionBudget } from '../schema/generated/types.ts';

export function checkPodDisruptionBudget({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  const both = minAvailable !== undefined && maxUnavailable !== undefined;
  const shown = { MinAvailable: minAvailable, Selector: selector ?? null, MaxUnavailable: maxUnavailable };
  return [
    ...(both
      ? [
          invalid(
            'spec',
            { ...shown, UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null },
            'minAvailable and maxUnavailable cannot be both set',
          ),
        ]
      : []),
    ...checkIntOrPercent('spec.minAvailable', minAvailable),
    ...checkAtMostAll('spec.minAvailable', minAvailable),
    ...checkIntOrPercent('spec.maxUnavailable', maxUnavailable),
    ...checkAtMostAll('spec.maxUnavailable', maxUnavailable),
    ...checkLabelSelector('spec.selector', selector),
    ...checkEnum('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget']),
  ];
}

const COUNTS = ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const;

export function checkPodDisruptionBudgetStatus({ status }: PodDisruptionBudget): FieldError[] {
  return [
    ...checkConditions('status.conditions', status?.conditions),
    ...COUNTS.flatMap((field) => checkNonNegative(`status.${field}`, status?.[field])),
  ];
}
