import { BOUND_BY_CONTROLLER, hasAnnotation, MIGRATED_TO, PROVISIONED_BY } from '../../api/core/volume-binding.ts';
import { isSameVolumeMode } from '../../api/core/volume-matching.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import type { Notice } from './claim-plan.ts';
import { deletionProblem } from './provisioning-plan.ts';

export type VolumePlan =
  | { readonly do: 'nothing' }
  | { readonly do: 'phase'; readonly phase: 'Available' | 'Bound' }
  /** Claim and volume name each other but cannot be bound; both are told. */
  | { readonly do: 'refuse'; readonly aboutVolume: Notice; readonly aboutClaim: Notice }
  /** The claim is bound to another volume: this one is free again, or reserved as its maker wrote it. */
  | { readonly do: 'unbind'; readonly volume: PersistentVolume }
  /** Nobody uses the volume any more. */
  | { readonly do: 'release'; readonly reclaim: Reclaim };

/** What becomes of a released volume, by its policy. */
export type Reclaim =
  /** It is kept, or somebody else deletes it. */
  | { readonly do: 'keep' }
  /** Pods may still have it. */
  | { readonly do: 'wait'; readonly notice: Notice }
  /** Nothing here can do what the policy says. */
  | { readonly do: 'fail'; readonly notice: Notice };

/**
 * What a volume needs next (kubernetes, pkg/controller/volume/persistentvolume, syncVolume). `claim`: the claim that the volume names, or
 * undefined when it is gone, also when another has its name now. `users`: `namespace/name` of pods that still mount a claim of that name.
 */
export function planVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, users: () => readonly string[]): VolumePlan {
  if (!volume.spec?.claimRef?.uid) return { do: 'phase', phase: 'Available' };
  if (!claim) return { do: 'release', reclaim: planReclaim(volume, users) };
  if (!claim.spec?.volumeName) return isSameVolumeMode(claim, volume) ? { do: 'nothing' } : refusal(volume, claim);
  if (claim.spec.volumeName === volume.metadata?.name) return { do: 'phase', phase: 'Bound' };
  const wasMadeForClaim = hasAnnotation(volume, PROVISIONED_BY) && volume.spec.persistentVolumeReclaimPolicy === 'Delete';
  if (wasMadeForClaim) return { do: 'release', reclaim: planReclaim(volume, () => []) };
  return { do: 'unbind', volume: unbound(volume) };
}

function refusal(volume: PersistentVolume, claim: PersistentVolumeClaim): VolumePlan {
  const told = (message: string): Notice => ({ type: 'Warning', reason: 'VolumeMismatch', message });
  return {
    do: 'refuse',
    aboutVolume: told(
      `Cannot bind PersistentVolume to requested PersistentVolumeClaim "${claim.metadata?.name}" due to incompatible volumeMode.`,
    ),
    aboutClaim: told(
      `Cannot bind PersistentVolume "${volume.metadata?.name}" to requested PersistentVolumeClaim due to incompatible volumeMode.`,
    ),
  };
}

function planReclaim(volume: PersistentVolume, users: () => readonly string[]): Reclaim {
  const fail = (reason: string, message: string): Reclaim => ({ do: 'fail', notice: { type: 'Warning', reason, message } });
  if (volume.metadata?.annotations?.[MIGRATED_TO]) return { do: 'keep' };
  switch (volume.spec?.persistentVolumeReclaimPolicy) {
    case 'Retain':
      return { do: 'keep' };
    case 'Recycle': {
      const pods = users();
      if (pods.length === 0) return fail('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
      return {
        do: 'wait',
        notice: { type: 'Normal', reason: 'VolumeFailedRecycle', message: `Volume is used by pods: ${pods.join(',')}` },
      };
    }
    case 'Delete': {
      const problem = deletionProblem(volume);
      return problem ? fail('VolumeFailedDelete', problem) : { do: 'keep' };
    }
    default:
      return fail('VolumeUnknownReclaimPolicy', 'Volume has unrecognized PersistentVolumeReclaimPolicy');
  }
}

/** Undoes what the controller wrote; what the volume's maker wrote stays, without the claim's identity. */
function unbound(volume: PersistentVolume): PersistentVolume {
  const { claimRef, ...spec } = volume.spec ?? {};
  if (!hasAnnotation(volume, BOUND_BY_CONTROLLER)) {
    const { uid: _, ...reserved } = claimRef ?? {};
    return { ...volume, spec: { ...spec, claimRef: reserved } };
  }
  const { [BOUND_BY_CONTROLLER]: _, ...annotations } = volume.metadata?.annotations ?? {};
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec };
}

/** The phase was reached before: neither is left for Released again. */
export const isReleased = ({ status }: PersistentVolume): boolean => status?.phase === 'Released' || status?.phase === 'Failed';
