import type { PodInfo } from '../cache/pod-info.ts';
import type { Queued } from '../framework/plugin.ts';

/** Where a pod is that has no node yet. `taken`: a cycle has it. */
export type Place = 'active' | 'backoff' | 'unschedulable' | 'gated' | 'taken';

/** A waiting pod with what is known of its earlier tries. Only the queue changes it. */
export interface QueuedPod extends Queued {
  info: PodInfo;
  sinceMs: number;
  place: Place;
  /** Cycles that it had. */
  attempts: number;
  /** When the first of them began, on the monotonic clock. */
  firstAttemptMs: number | undefined;
  /** Since it was refused for the first time; each makes the back-off longer. */
  refusals: number;
  /** Errors in a row, which have a back-off of their own. */
  errors: number;
  /** The plugins that refused it; none after an error: then any event may help. */
  refusedBy: ReadonlySet<string>;
  /** It waits for something outside, which is no fault of its own: no back-off. */
  pending: boolean;
  /** The plugin whose preEnqueue keeps it out. */
  gatedBy: string | undefined;
}
