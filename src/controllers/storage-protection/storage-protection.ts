import { claimKeysOf } from '../../api/core/volume-binding.ts';
import { persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Controller } from '../../client/controller.ts';
import { byClaim, POD_CLAIM_INDEX } from '../lib/pod-claims.ts';
import { planClaimFinalizers, planVolumeFinalizers } from './protection-plan.ts';

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
