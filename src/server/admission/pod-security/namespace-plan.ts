import { controllerOf } from '../../../api/meta/object.ts';
import type { Pod } from '../../../api/schema/generated/types.ts';
import { findingsOf, showReasons } from './evaluate-plan.ts';
import { isPrivileged, isStricter, type LevelVersion, type Policy, sameLevel, showLevel } from './policy-plan.ts';

const MAX_PODS = 3000;

/** Are there pods that were fine and may not be any more? */
export const isTightened = ({ enforce }: Policy, { enforce: before }: Policy): boolean =>
  !sameLevel(enforce, before) &&
  !isPrivileged(enforce) &&
  !(enforce.version === before.version && !isStricter(enforce.level, before.level));

/** One pod of each controller first: the others are most likely the same. */
function oneOfEachFirst(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const isFirst = (pod: Pod) => {
    const owner = controllerOf(pod)?.uid;
    if (owner === undefined) return true;
    if (seen.has(owner)) return false;
    seen.add(owner);
    return true;
  };
  const { first = [], rest = [] } = Object.groupBy(pods, (pod) => (isFirst(pod) ? 'first' : 'rest'));
  return [...first, ...rest];
}

function showPods(names: readonly string[]): string {
  const [first = ''] = [...names].sort();
  if (names.length === 1) return first;
  return `${first} (and ${names.length === 2 ? '1 other pod' : `${names.length - 1} other pods`})`;
}

/** What a stricter level has against the pods that are there; they stay. */
export function violationsIn(namespace: string, enforce: LevelVersion, pods: readonly Pod[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { metadata = {}, spec } of oneOfEachFirst(pods).slice(0, MAX_PODS)) {
    const reasons = spec ? showReasons(findingsOf(enforce, { metadata, spec })) : '';
    if (reasons) byReason.set(reasons, [...(byReason.get(reasons) ?? []), metadata.name ?? '']);
  }
  const lines = [...byReason].map(([reasons, names]) => `${showPods(names)}: ${reasons}`).sort();
  return [
    ...(pods.length > MAX_PODS
      ? [`new PodSecurity enforce level only checked against the first ${MAX_PODS} of ${pods.length} existing pods`]
      : []),
    ...(lines.length > 0
      ? [`existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${showLevel(enforce)}"`]
      : []),
    ...lines,
  ];
}
