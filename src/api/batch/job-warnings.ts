import { same } from '../meta/validation.ts';
import type { JobSpec } from '../schema/generated/types.ts';

const MANY_COMPLETIONS = 100_000;
const MUCH_PARALLELISM = 10_000;

/** The indexes that are done may outgrow the status (kubernetes, pkg/api/job/warnings.go). Says nothing of a spec that did not change. */
export function indexWarnings(path: string, spec: JobSpec | undefined, old: JobSpec | undefined): string[] {
  if (spec?.completionMode !== 'Indexed' || (old && same(spec, old))) return [];
  return (spec.completions ?? 0) > MANY_COMPLETIONS && (spec.parallelism ?? 0) > MUCH_PARALLELISM
    ? [
        `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
      ]
    : [];
}
