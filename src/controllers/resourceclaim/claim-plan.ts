import { controllerOf } from '../../api/meta/object.ts';
import { CLAIM_FINALIZER } from '../../api/resource/pod-claims.ts';
import type { Pod, ResourceClaimConsumerReference, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { isFinished } from '../lib/pod-state-plan.ts';

export interface ClaimPlan {
  /** The status to write, if it changes: fewer consumers, and no devices once the last one has gone. */
  readonly status?: ResourceV1ResourceClaim['status'];
  /** The claim needs its finalizer no more. */
  readonly release: boolean;
  /** It was made for a pod that will not run (again). */
  readonly remove: boolean;
}

/** Ended, or deleted before it got a node: the pod will not start (again). */
export const isPodDone = (pod: Pod): boolean => isFinished(pod) || (pod.metadata?.deletionTimestamp !== undefined && !pod.spec?.nodeName);

export const isPodReference = ({ apiGroup, resource }: ResourceClaimConsumerReference): boolean => !apiGroup && resource === 'pods';

/**
 * What becomes of a claim as its consumers go (kubernetes, pkg/controller/resourceclaim, syncClaim). `consumer`: the pod of a name in the claim's
 * namespace as it is now; undefined when there is none.
 */
export function planClaim(claim: ResourceV1ResourceClaim, consumer: (name: string) => Pod | undefined): ClaimPlan {
  const reserved = claim.status?.reservedFor ?? [];
  const remaining = reserved.filter((reference) => {
    if (!isPodReference(reference)) return true;
    const pod = consumer(reference.name);
    return pod !== undefined && pod.metadata?.uid === reference.uid && !isPodDone(pod);
  });
  const isProtected = claim.metadata?.finalizers?.includes(CLAIM_FINALIZER) ?? false;
  const remove = remaining.length === 0 && isUnneeded(claim, consumer);
  if (remaining.length < reserved.length) {
    const status = withConsumers(claim, remaining, isProtected);
    return { status, release: isProtected && !status?.allocation, remove };
  }
  const isGoing = isProtected && claim.metadata?.deletionTimestamp !== undefined && remaining.length === 0;
  if (!isGoing) return { release: false, remove };
  return { ...(claim.status?.allocation && { status: withConsumers(claim, [], true) }), release: true, remove };
}

/** Devices are given back with the last consumer only: a driver may have allocated them for nobody yet. */
function withConsumers(
  { status }: ResourceV1ResourceClaim,
  remaining: readonly ResourceClaimConsumerReference[],
  isProtected: boolean,
): ResourceV1ResourceClaim['status'] {
  const { reservedFor: _, allocation, ...rest } = status ?? {};
  const keep = allocation && (remaining.length > 0 || !isProtected);
  return { ...rest, ...(keep && { allocation }), ...(remaining.length > 0 && { reservedFor: [...remaining] }) };
}

/** A pod that is not known may just be on its way into the view: then garbage collection takes the claim when the pod is gone. */
function isUnneeded(claim: ResourceV1ResourceClaim, consumer: (name: string) => Pod | undefined): boolean {
  if (claim.metadata?.deletionTimestamp) return false;
  const owner = controllerOf(claim);
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Pod') return false;
  const pod = consumer(owner.name);
  return pod !== undefined && (pod.metadata?.uid !== owner.uid || isPodDone(pod));
}
