import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { storageClassOf } from '../../api/core/storage-class-of.ts';
import { claimKeyOf, claimKeysOf, isClaimBound } from '../../api/core/volume-binding.ts';
import { resourceId } from '../../api/define.ts';
import { defaultClassOf } from '../../api/meta/default-class.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';
import { DEFAULT_CLASS_ANNOTATIONS, storageClasses } from '../../api/storage/storage-class.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { byClaim, POD_CLAIM_INDEX } from '../lib/pod-claims.ts';
import { isActive } from '../lib/pod-state-plan.ts';
import { assignClass, bind, setClaimStatus, setProvisioner } from './binding-steps.ts';
import { type ClaimView, expansionNotice, planClaim } from './claim-plan.ts';
import { claimIndexes, FREE_OF_CLASS, NAMES_VOLUME, RESERVED_FOR, UNBOUND_OF_CLASS, volumeIndexes } from './volume-indexes.ts';

export const VOLUME_EVENT_SOURCE = 'persistentvolume-controller';

/**
 * Finds volumes for claims and binds them, or asks a provisioner (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding). Where
 * upstream looks at every claim each 15 seconds, a claim is looked at when something that it waits for changes.
 */
export const persistentVolumeClaim: Controller = {
  name: 'persistentvolumeclaim-binder',
  eventSource: VOLUME_EVENT_SOURCE,
  reads: ['persistentvolumeclaims', 'persistentvolumes', resourceId(storageClasses), 'pods'],
  writes: ['persistentvolumeclaims', 'persistentvolumeclaims/status', 'persistentvolumes', 'persistentvolumes/status'],
  indexes: { persistentvolumes: volumeIndexes, persistentvolumeclaims: claimIndexes, pods: byClaim },
  enqueue: { persistentvolumes: claimsOfVolume, [resourceId(storageClasses)]: claimsOfClass, pods: claimsOfPod },
  // One after the other: two at a time would often choose the same volume.
  workers: 1,
  reconcile,
};

/** A volume that is free may be what claims of its class wait for. */
function claimsOfVolume(volume: PersistentVolume, { informer }: ControllerContext): string[] {
  const claims = informer(persistentVolumeClaims);
  const key = claimKeyOf(volume);
  const waiting = key === undefined && volume.status?.phase === 'Available' ? claims.by(UNBOUND_OF_CLASS, storageClassOf(volume)) : [];
  const naming = claims.by(NAMES_VOLUME, volume.metadata?.name ?? '');
  return [...(key === undefined ? [] : [key]), ...[...naming, ...waiting].map(objectKey)];
}

function claimsOfClass(storageClass: KubeObject, { informer }: ControllerContext): string[] {
  const claims = informer(persistentVolumeClaims);
  const isDefault = defaultClassOf([storageClass], DEFAULT_CLASS_ANNOTATIONS) !== undefined;
  const unclassed = isDefault ? claims.by(UNBOUND_OF_CLASS, '') : [];
  return [...claims.by(UNBOUND_OF_CLASS, storageClass.metadata?.name ?? ''), ...unclassed].map(objectKey);
}

/** Claims that are bound do not care who mounts them. */
function claimsOfPod(pod: Pod, { informer }: ControllerContext): string[] {
  return claimKeysOf(pod).filter((key) => {
    const claim = informer(persistentVolumeClaims).get(key);
    return claim && !isClaimBound(claim);
  });
}

function viewOf(claim: PersistentVolumeClaim, { informer }: ControllerContext): ClaimView {
  const volumes = informer(persistentVolumes);
  const classes = informer(storageClasses);
  return {
    storageClass: classes.get(storageClassOf(claim)),
    defaultClass: () => defaultClassOf(classes.list(), DEFAULT_CLASS_ANNOTATIONS),
    candidates: () => [...volumes.by(RESERVED_FOR, objectKey(claim)), ...volumes.by(FREE_OF_CLASS, storageClassOf(claim))],
    volume: (name) => volumes.get(name),
    waitingPods: () =>
      informer(pods)
        .by(POD_CLAIM_INDEX, objectKey(claim))
        .filter((pod) => isActive(pod) && !pod.spec?.nodeName)
        .map((pod) => pod.metadata?.name ?? ''),
  };
}

async function reconcile(request: ReconcileRequest): Promise<void> {
  const claim = request.informer(persistentVolumeClaims).get(request.key);
  if (!claim) return;
  const plan = planClaim(claim, viewOf(claim, request));
  const tell = (notice = 'notice' in plan ? plan.notice : undefined) =>
    notice && request.event(claim, notice.type, notice.reason, notice.message);
  switch (plan.do) {
    case 'bind':
      return bind(request, plan.volume, claim);
    case 'wait':
      tell();
      await setClaimStatus(request, claim, 'Pending');
      return;
    case 'assign-class':
      return assignClass(request, claim, plan.className);
    case 'provision':
      await setProvisioner(request, claim, plan.provisioner);
      tell();
      return;
    case 'lose':
      if (claim.status?.phase !== 'Lost' && (await setClaimStatus(request, claim, 'Lost'))) tell();
      return;
    default:
      unreachable(plan);
  }
}

/** Says about claims that grow whom they wait for: there is no volume plug-in here that grows volumes, drivers bring their own controller. */
export const volumeExpand: Controller = {
  name: 'volume-expand',
  eventSource: 'volume_expand',
  reads: ['persistentvolumeclaims', 'persistentvolumes'],
  writes: [],
  enqueue: { persistentvolumes: () => [] },
  async reconcile({ key, informer, event }) {
    const claim = informer(persistentVolumeClaims).get(key);
    const notice = claim && expansionNotice(claim, informer(persistentVolumes).get(claim.spec?.volumeName ?? ''));
    if (notice) event(claim, notice.type, notice.reason, notice.message);
  },
};
