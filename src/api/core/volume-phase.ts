import type { PersistentVolume } from '../schema/generated/types.ts';

/**
 * When a volume came into its phase (KEP-3762): told by the server at creation and whenever a write of the status changes the phase without saying so itself.
 */
export function startPhase(volume: PersistentVolume, now: string): void {
  volume.status = { phase: 'Pending', lastPhaseTransitionTime: now };
}

export function stampPhase({ status }: PersistentVolume, { status: old }: PersistentVolume, now: string): void {
  if (!status) return;
  const { phase, lastPhaseTransitionTime: time } = status;
  const before = old?.lastPhaseTransitionTime;
  if (phase === old?.phase) {
    if (time === undefined && before !== undefined) status.lastPhaseTransitionTime = before;
  } else if (time === undefined || time === before) status.lastPhaseTransitionTime = now;
}
