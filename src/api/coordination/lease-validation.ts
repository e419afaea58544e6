import { type FieldError, forbidden, invalid, notSupported } from '../meta/field-error.ts';
import { checkNonNegative, checkQualifiedName } from '../meta/validation.ts';
import type { Lease } from '../schema/generated/types.ts';

export function checkLease({ spec }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, strategy, preferredHolder } = spec ?? {};
  return [
    ...(leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0
      ? [invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...checkNonNegative('spec.leaseTransitions', leaseTransitions),
    ...(strategy === undefined ? [] : checkStrategy(strategy)),
    ...(preferredHolder && !strategy ? [forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined')] : []),
  ];
}

/** One of Kubernetes' own, or a qualified name of somebody else's. Upstream names the field twice. */
function checkStrategy(strategy: string): FieldError[] {
  const path = 'spec.strategy.strategy';
  if (strategy.includes('/')) return checkQualifiedName(path, strategy);
  return strategy === 'OldestEmulationVersion' ? [] : [notSupported(path, strategy, ['OldestEmulationVersion'])];
}
