import { describe, expect, it } from 'vitest';
import type { PersistentVolumeStatus } from '../schema/generated/types.ts';
import { persistentVolumes } from './persistent-volume.ts';

const [early, now, said] = ['2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', '2026-01-01T00:00:30Z'] as const;
const context = { now, user: { name: 'u', groups: [] }, subresource: 'status' };

describe('the time of a volume’s phase', () => {
  it('begins when the volume is made, whatever its status says', () => {
    const volume = { status: { phase: 'Bound', lastPhaseTransitionTime: early } };
    persistentVolumes.hooks.prepareForCreate?.(volume, context);
    expect(volume.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: now });
  });

  it.each<[string, PersistentVolumeStatus, string]>([
    ['is kept while the phase stays', { phase: 'Available' }, early],
    ['is what the writer says', { phase: 'Available', lastPhaseTransitionTime: said }, said],
    ['is now when the phase changes', { phase: 'Bound' }, now],
    ['is now when the writer sends the old one', { phase: 'Bound', lastPhaseTransitionTime: early }, now],
    ['of a new phase may be said, too', { phase: 'Bound', lastPhaseTransitionTime: said }, said],
  ])('%s', (_, status, time) => {
    const volume = { status: { ...status } };
    persistentVolumes.hooks.prepareForUpdate?.(volume, { status: { phase: 'Available', lastPhaseTransitionTime: early } }, context);
    expect(volume.status.lastPhaseTransitionTime).toBe(time);
  });
});
