import { typeCheckingWarnings } from '../../api/admissionregistration/type-checking.ts';
import type { Registry } from '../../api/registry.ts';
import type { ValidatingAdmissionPolicy } from '../../api/schema/generated/types.ts';

/** The status that says what the expressions get wrong about these kinds; undefined: the policy's generation was looked at already. */
export function planPolicyStatus(
  policy: ValidatingAdmissionPolicy,
  kinds: Pick<Registry, 'find' | 'findKind'>,
): ValidatingAdmissionPolicy['status'] {
  const generation = policy.metadata?.generation ?? 0;
  if (generation <= (policy.status?.observedGeneration ?? 0)) return undefined;
  const expressionWarnings = typeCheckingWarnings(policy, kinds);
  const typeChecking = expressionWarnings.length > 0 ? { expressionWarnings } : {};
  return { ...policy.status, observedGeneration: generation, typeChecking };
}
