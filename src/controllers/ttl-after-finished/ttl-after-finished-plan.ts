import type { Job } from '../../api/schema/generated/types.ts';

/** When a finished Job is to go, in milliseconds since the epoch; undefined: it is not. */
function expiresMs({ metadata, spec, status }: Job): number | undefined {
  const end = status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
  if (spec?.ttlSecondsAfterFinished === undefined || !end?.lastTransitionTime || metadata?.deletionTimestamp) return undefined;
  return Date.parse(end.lastTransitionTime) + spec.ttlSecondsAfterFinished * 1000;
}

export type ExpiryPlan = { readonly do: 'nothing' | 'delete' } | { readonly do: 'wait'; readonly ms: number };

/** What becomes of a Job now: one without a time to live stays, as does one that has not finished or goes already. */
export function planExpiry(job: Job, nowMs: number): ExpiryPlan {
  const atMs = expiresMs(job);
  if (atMs === undefined) return { do: 'nothing' };
  return atMs > nowMs ? { do: 'wait', ms: atMs - nowMs } : { do: 'delete' };
}
