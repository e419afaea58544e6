import type { Job, Pod } from '../../api/schema/generated/types.ts';
import { rankActive } from '../lib/pod-ranking-plan.ts';
import { isActive } from '../lib/pod-state-plan.ts';
import { isSuspended } from './finish-plan.ts';
import { afterBackoff, type IndexState, pendingIndexes } from './indexed-plan.ts';
import { backoffUntilMs, hasFailed, indexOf, isIndexed, onlyReplacesFailed } from './job-pods-plan.ts';

/** At most this many creations or deletions in one go (upstream: MaxPodCreateDeletePerSync). */
const BURST = 500;

export interface ScalePlan {
  /** A pod each: for that index, or undefined without indexes. */
  readonly create: readonly (number | undefined)[];
  /** Too many, twice the same index, or of a suspended Job: they go uncounted. */
  readonly discard: readonly Pod[];
  /** When a back-off ends. */
  readonly untilMs?: number;
}

export interface ScaleFacts {
  readonly succeeded: number;
  readonly indexes: IndexState | undefined;
  readonly nowMs: number;
}

function wantedActive({ spec }: Job, active: number, succeeded: number): number {
  const parallelism = spec?.parallelism ?? 1;
  if (spec?.completions === undefined) return succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(spec.completions - succeeded, parallelism));
}

/** Pods without an index that counts, and all but the most advanced of each index. */
function repeated(job: Job, ranked: readonly Pod[]): Pod[] {
  const best = new Map(ranked.map((pod) => [indexOf(job, pod), pod]));
  return ranked.filter((pod) => indexOf(job, pod) === undefined || best.get(indexOf(job, pod)) !== pod);
}

/** Either deletions or creations in one run, never both (upstream's manageJob). */
export function planScale(job: Job, pods: readonly Pod[], { succeeded, indexes, nowMs }: ScaleFacts): ScalePlan {
  const active = pods.filter(isActive);
  const wanted = isSuspended(job) ? 0 : wantedActive(job, active.length, succeeded);
  const ranked = rankActive(active);
  const wrong = isIndexed(job) ? repeated(job, ranked) : [];
  const others = ranked.filter((pod) => !wrong.includes(pod));
  const discard = [...wrong, ...others.slice(0, Math.max(0, active.length - wanted - wrong.length))].slice(0, BURST);
  if (discard.length > 0) return { create: [], discard };
  const going = onlyReplacesFailed(job) ? pods.filter((pod) => pod.metadata?.deletionTimestamp && !ended(job, pod)).length : 0;
  const missing = Math.min(wanted - going - active.length, BURST);
  if (missing <= 0) return { create: [], discard };
  if (indexes && job.spec?.backoffLimitPerIndex !== undefined) {
    const { ready, untilMs } = afterBackoff(job, pendingIndexes(job, pods, indexes, missing), indexes, nowMs);
    return { create: ready, discard, ...(untilMs !== undefined && { untilMs }) };
  }
  const untilMs = backoffUntilMs(job, pods);
  if (untilMs > nowMs) return { create: [], discard, untilMs };
  return { create: indexes ? pendingIndexes(job, pods, indexes, missing) : Array.from({ length: missing }, () => undefined), discard };
}

const ended = (job: Job, pod: Pod) => pod.status?.phase === 'Succeeded' || hasFailed(job, pod);
