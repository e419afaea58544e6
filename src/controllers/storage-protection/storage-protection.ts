import { claimKeysOf } from '../../api/core/volume-binding.ts';
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import type { Controller } from '../../client/controller.ts';
import { byClaim, POD_CLAIM_INDEX } from '../lib/pod-claims.ts';
import { classesOfClaim, classesOfVolume, planClaimFinalizers, planClassFinalizers, planVolumeFinalizers } from './protection-plan.ts';

const ignoreNotFound = (error: unknown) => {
  if (!isNotFound(error)) throw error;
};

/** A claim that is deleted stays until no pod on a node mounts it (Kubernetes: "Persistent Volumes", Storage Object in Use Protection). */
export const pvcProtection: Controller = {
  name: 'persistentvolumeclaim-protection',
  reads: ['persistentvolumeclaims', 'pods'],
  writes: ['persistentvolumeclaims'],
  indexes: { pods: byClaim },
  enqueue: { pods: claimKeysOf },
  async reconcile({ key, client, informer, signal }) {
    const claim = informer(persistentVolumeClaims).get(key);
    if (!claim) return;
    const finalizers = planClaimFinalizers(claim, () => informer(pods).by(POD_CLAIM_INDEX, key));
    if (!finalizers) return;
    await client
      .update(persistentVolumeClaims, { ...claim, metadata: { ...claim.metadata, finalizers } }, { signal })
      .catch(ignoreNotFound);
  },
};

/** A volume that is deleted stays while it is bound. */
export const pvProtection: Controller = {
  name: 'persistentvolume-protection',
  reads: ['persistentvolumes'],
  writes: ['persistentvolumes'],
  async reconcile({ key, client, informer, signal }) {
    const volume = informer(persistentVolumes).get(key);
    if (!volume) return;
    const finalizers = planVolumeFinalizers(volume);
    if (!finalizers) return;
    await client.update(persistentVolumes, { ...volume, metadata: { ...volume.metadata, finalizers } }, { signal }).catch(ignoreNotFound);
  },
};

const CLASS_INDEX = 'attributes-class';

/** A class of attributes that is deleted stays while a claim or a volume names it. */
export const vacProtection: Controller = {
  name: 'volumeattributesclass-protection',
  reads: ['volumeattributesclasses.storage.k8s.io', 'persistentvolumeclaims', 'persistentvolumes'],
  writes: ['volumeattributesclasses.storage.k8s.io'],
  indexes: { persistentvolumeclaims: { [CLASS_INDEX]: classesOfClaim }, persistentvolumes: { [CLASS_INDEX]: classesOfVolume } },
  enqueue: {
    persistentvolumeclaims: (claim) => classesOfClaim(claim as PersistentVolumeClaim),
    persistentvolumes: (volume) => classesOfVolume(volume as PersistentVolume),
  },
  async reconcile({ key, client, informer, signal }) {
    const attributesClass = informer(volumeAttributesClasses).get(key);
    if (!attributesClass) return;
    const finalizers = planClassFinalizers(
      attributesClass,
      () => informer(persistentVolumeClaims).by(CLASS_INDEX, key),
      () => informer(persistentVolumes).by(CLASS_INDEX, key),
    );
    if (!finalizers) return;
    await client
      .update(volumeAttributesClasses, { ...attributesClass, metadata: { ...attributesClass.metadata, finalizers } }, { signal })
      .catch(ignoreNotFound);
  },
};
