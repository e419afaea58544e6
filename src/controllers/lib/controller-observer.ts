/** What a run of a Job did: nothing but look, make pods, or delete them; `reconciling`: it did not get so far. */
export type JobSyncAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

export type CompletionMode = 'Indexed' | 'NonIndexed';

/** What controllers tell of their work, for /metrics. Must not throw. */
export interface ControllerObserver {
  jobSynced(mode: CompletionMode, result: 'success' | 'error', action: JobSyncAction, seconds: number): void;
  jobFinished(mode: CompletionMode, result: 'succeeded' | 'failed', reason: string): void;
  /** Pods that ended and are counted. */
  jobPodsFinished(mode: CompletionMode, result: 'succeeded' | 'failed', pods: number): void;
  /** How late the Job of a CronJob was made. */
  cronJobStarted(skewSeconds: number): void;
  /** A node of the zone lost its pods because it is not ready. */
  nodeEvicted(zone: string): void;
}

export const UNOBSERVED: ControllerObserver = {
  jobSynced() {},
  jobFinished() {},
  jobPodsFinished() {},
  cronJobStarted() {},
  nodeEvicted() {},
};
