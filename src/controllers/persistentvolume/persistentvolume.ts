import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { claimKeyOf, claimKeysOf } from '../../api/core/volume-binding.ts';
import { objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';
import { unreachable } from '../../base/unreachable.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { byClaim, POD_CLAIM_INDEX } from '../lib/pod-claims.ts';
import { isFinished } from '../lib/pod-state-plan.ts';
import { setPhase, unbind } from './binding-steps.ts';
import { VOLUME_EVENT_SOURCE } from './persistentvolumeclaim.ts';
import { RESERVED_FOR, volumeIndexes } from './volume-indexes.ts';
import { isReleased, planVolume, type Reclaim } from './volume-plan.ts';

/** Keeps the phases of volumes, and does by their reclaim policy with those whose claim is gone. */
export const persistentVolume: Controller = {
  name: 'persistentvolume-binder',
  eventSource: VOLUME_EVENT_SOURCE,
  reads: ['persistentvolumes', 'persistentvolumeclaims', 'pods'],
  writes: ['persistentvolumes', 'persistentvolumes/status'],
  indexes: { persistentvolumes: volumeIndexes, pods: byClaim },
  enqueue: { persistentvolumeclaims: volumesOfClaim, pods: volumesOfPod },
  reconcile,
};

function volumesOfClaim(claim: PersistentVolumeClaim, { informer }: ControllerContext): string[] {
  const { volumeName } = claim.spec ?? {};
  const reserved = informer(persistentVolumes).by(RESERVED_FOR, objectKey(claim)).map(objectKey);
  return [...new Set([...reserved, ...(volumeName ? [volumeName] : [])])];
}

/** Released volumes that are to be recycled wait for the last pod. */
function volumesOfPod(pod: Pod, { informer }: ControllerContext): string[] {
  const waits = (volume: PersistentVolume) => volume.spec?.persistentVolumeReclaimPolicy === 'Recycle' && isReleased(volume);
  return claimKeysOf(pod).flatMap((key) => informer(persistentVolumes).by(RESERVED_FOR, key).filter(waits).map(objectKey));
}

/**
 * The claim that the volume names. The informer may be behind: before a claim counts as gone, which may cost its data, the server is asked,
 * unless the volume was released already.
 */
async function claimOf(
  volume: PersistentVolume,
  { client, informer, signal }: ReconcileRequest,
): Promise<PersistentVolumeClaim | undefined> {
  const { namespace, name = '', uid } = volume.spec?.claimRef ?? {};
  const known = informer(persistentVolumeClaims).get(claimKeyOf(volume) ?? '');
  if (known?.metadata?.uid === uid || !uid) return known;
  if (!known && isReleased(volume)) return undefined;
  const found = await client.get(persistentVolumeClaims, name, { namespace, signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  return found?.metadata?.uid === uid ? found : undefined;
}

/** Pods of a claim of the same name that exists now are not users of this volume. */
function usersOf(volume: PersistentVolume, { informer }: ReconcileRequest): string[] {
  const key = claimKeyOf(volume) ?? '';
  if (informer(persistentVolumeClaims).get(key)) return [];
  const users = informer(pods).by(POD_CLAIM_INDEX, key);
  return users
    .filter((pod) => !isFinished(pod))
    .map(objectKey)
    .sort();
}

async function reconcile(request: ReconcileRequest): Promise<void> {
  const volume = request.informer(persistentVolumes).get(request.key);
  if (!volume) return;
  const claim = await claimOf(volume, request);
  const plan = planVolume(volume, claim, () => usersOf(volume, request));
  switch (plan.do) {
    case 'nothing':
      return;
    case 'phase':
      await setPhase(request, volume, plan.phase);
      return;
    case 'refuse':
      request.event(volume, plan.aboutVolume.type, plan.aboutVolume.reason, plan.aboutVolume.message);
      if (claim) request.event(claim, plan.aboutClaim.type, plan.aboutClaim.reason, plan.aboutClaim.message);
      return;
    case 'unbind':
      return unbind(request, plan.volume);
    case 'release':
      return reclaim(request, isReleased(volume) ? volume : await setPhase(request, volume, 'Released'), plan.reclaim);
    default:
      unreachable(plan);
  }
}

async function reclaim(request: ReconcileRequest, volume: PersistentVolume, what: Reclaim): Promise<void> {
  if (what.do === 'keep') return;
  const { type, reason, message } = what.notice;
  if (what.do === 'fail') {
    if (volume.status?.phase === 'Failed') return;
    await setPhase(request, volume, 'Failed', message);
  }
  request.event(volume, type, reason, message);
}
