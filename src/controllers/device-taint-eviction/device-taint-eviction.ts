import { pods } from '../../api/core/pod.ts';
import { resourceId } from '../../api/define.ts';
import { objectKey } from '../../api/meta/object.ts';
import { resourceClaimKeysOf } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { Pod, ResourceSlice, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Controller, ReconcileRequest } from '../../client/controller.ts';
import { disruptPod } from '../lib/disrupt-pod.ts';
import { consumersOf, evictionTime, poolOf, poolsOf } from './device-taints-plan.ts';

const claimsId = resourceId(resourceClaims);
const slicesId = resourceId(resourceSlices);
const POOL_INDEX = 'pool';
const EVENT = 'DeviceTaintManagerEviction';
/** The wall clock that taints are measured by may be set: nothing waits for longer without another look. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Deletes pods whose devices have NoExecute taints that their claims do not tolerate, or no longer (KEP-5055). Time counts from when the taint was added: the devices'
 * drivers say when that was.
 */
export function deviceTaintEviction(): Controller {
  /** Pods that are to go -> their uid. */
  const pending = new Map<string, string | undefined>();
  return {
    name: 'device-taint-eviction',
    reads: ['pods', claimsId, slicesId],
    writes: ['pods', 'pods/status'],
    workers: 8,
    indexes: { [claimsId]: { [POOL_INDEX]: poolsOf }, [slicesId]: { [POOL_INDEX]: (slice: ResourceSlice) => [poolOf(slice)] } },
    enqueue: {
      pods: (pod) => (pending.has(objectKey(pod)) || resourceClaimKeysOf(pod as Pod).length > 0 ? [objectKey(pod)] : []),
      [claimsId]: (claim) => consumersOf(claim as ResourceV1ResourceClaim),
      [slicesId]: (slice, { informer }) =>
        informer(resourceClaims)
          .by(POOL_INDEX, poolOf(slice as ResourceSlice))
          .flatMap(consumersOf),
    },
    async reconcile(request) {
      const { key, informer, clock, event } = request;
      const pod = informer(pods).get(key);
      if (!pod) return void pending.delete(key);
      const time = evictionTime(pod, devicesOf(request));
      if (time === undefined) {
        const wasPending = pending.has(key) && pending.get(key) === pod.metadata?.uid;
        pending.delete(key);
        if (wasPending && !pod.metadata?.deletionTimestamp) event(pod, 'Normal', EVENT, 'Cancelling deletion');
        return undefined;
      }
      if (pod.metadata?.deletionTimestamp) return undefined;
      const remainingMs = time - clock.now();
      if (remainingMs > 0) {
        pending.set(key, pod.metadata?.uid);
        return { afterMs: Math.min(remainingMs, LONGEST_WAIT_MS) };
      }
      event(pod, 'Normal', EVENT, 'Marking for deletion');
      await disruptPod(pod, request, {
        reason: 'DeletionByDeviceTaintManager',
        message: 'Device Taint manager: deleting due to NoExecute taint',
      });
      pending.delete(key);
      return undefined;
    },
  };
}

const devicesOf = ({ informer }: ReconcileRequest) => ({
  claim: (key: string) => informer(resourceClaims).get(key),
  slices: (pool: string) => informer(resourceSlices).by(POOL_INDEX, pool),
});
