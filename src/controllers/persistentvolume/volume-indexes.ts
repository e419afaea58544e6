import { storageClassOf } from '../../api/core/storage-class-of.ts';
import { claimKeyOf, isClaimBound } from '../../api/core/volume-binding.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';

/** Volumes by the claim that they name. */
export const RESERVED_FOR = 'reserved-for';
/** Volumes that name no claim, by class. */
export const FREE_OF_CLASS = 'free-of-class';
/** Claims by the volume that they name. */
export const NAMES_VOLUME = 'names-volume';
/** Claims that name no volume, by class. */
export const UNBOUND_OF_CLASS = 'unbound-of-class';

const reservedFor = (volume: PersistentVolume) => {
  const key = claimKeyOf(volume);
  return key === undefined ? [] : [key];
};

export const volumeIndexes = {
  [RESERVED_FOR]: reservedFor,
  [FREE_OF_CLASS]: (volume: PersistentVolume) => (volume.spec?.claimRef ? [] : [storageClassOf(volume)]),
};

export const claimIndexes = {
  [NAMES_VOLUME]: ({ spec }: PersistentVolumeClaim) => (spec?.volumeName ? [spec.volumeName] : []),
  [UNBOUND_OF_CLASS]: (claim: PersistentVolumeClaim) => (claim.spec?.volumeName || isClaimBound(claim) ? [] : [storageClassOf(claim)]),
};
