import { equalJson } from '../../api/meta/equal-json.ts';
import type { Toleration } from '../../api/schema/generated/types.ts';

/** Does the first tolerate everything that the second does? */
function isSuperset(wide: Toleration, narrow: Toleration): boolean {
  if (equalJson(wide, narrow)) return true;
  if (narrow.key !== wide.key && (wide.key || wide.operator !== 'Exists')) return false;
  if (wide.effect && wide.effect !== narrow.effect) return false;
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds) return false;
  }
  if (wide.operator === 'Exists') return true;
  return (wide.operator || 'Equal') === 'Equal' && narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
}

/** Both lists without what another entry covers already; of equal ones the first stays (upstream: util/tolerations, MergeTolerations). */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [i, toleration] of all.entries()) {
    if (merged.some((kept) => isSuperset(kept, toleration))) continue;
    if (all.slice(i + 1).some((later) => isSuperset(later, toleration) && !equalJson(later, toleration))) continue;
    merged.push({ ...toleration });
  }
  return merged;
}

/** Is each of them allowed by one of the others? Where there are no others, all are (upstream: util/tolerations, VerifyAgainstWhitelist). */
export const areAllowed = (tolerations: readonly Toleration[], allowed: readonly Toleration[]): boolean =>
  allowed.length === 0 || tolerations.every((each) => allowed.some((wide) => isSuperset(wide, each)));
