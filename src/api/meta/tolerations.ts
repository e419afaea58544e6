import type { Taint, Toleration } from '../schema/generated/types.ts';

/** Does one toleration match one taint? As "Taints and Tolerations" in Kubernetes' documentation says. */
export function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true;
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
    case 'Lt':
    case 'Gt': {
      const [wanted, has] = [Number(toleration.value), Number(taint.value)];
      return toleration.operator === 'Lt' ? has < wanted : has > wanted;
    }
    default:
      return false;
  }
}

export const tolerates = (tolerations: readonly Toleration[] | undefined, taint: Taint): boolean =>
  (tolerations ?? []).some((toleration) => toleratesTaint(toleration, taint));
