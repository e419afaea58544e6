import { objectKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { CLAIM_FINALIZER, isReservedFor, podConsumer } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import type { AllocationResult, Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Client } from '../../client/client.ts';
import { retryOnConflict } from '../../client/retry-on-conflict.ts';

export interface ClaimOptions {
  readonly client: Client;
  readonly signal: AbortSignal;
}

export const placeOf = ({ metadata }: ResourceV1ResourceClaim, signal: AbortSignal) => ({ namespace: metadata?.namespace, signal });

/**
 * Writes the devices of the claim, if it is to get any, and that the pod uses it. The finalizer is first: a claim with devices must not go without them
 * being given back. Drivers and controllers write to the claim as well. Resolves with the claim as it is then; rejects when it is not as it was decided about. `allocation`: with the time of this moment.
 */
export async function reserveClaim(
  claim: ResourceV1ResourceClaim,
  allocation: AllocationResult | undefined,
  pod: Pod,
  options: ClaimOptions,
): Promise<ResourceV1ResourceClaim> {
  return retryOnConflict(() => tryToReserve(claim, allocation, pod, options));
}

async function tryToReserve(
  claim: ResourceV1ResourceClaim,
  allocation: AllocationResult | undefined,
  pod: Pod,
  { client, signal }: ClaimOptions,
): Promise<ResourceV1ResourceClaim> {
  const place = placeOf(claim, signal);
  let now = await client.get(resourceClaims, claim.metadata?.name ?? '', place);
  if (now.metadata?.deletionTimestamp || now.metadata?.uid !== claim.metadata?.uid) {
    throw new Error(`claim ${objectKey(claim)} got deleted in the meantime`);
  }
  if (!allocation && !now.status?.allocation) throw new Error(`claim ${objectKey(claim)} got deallocated elsewhere in the meantime`);
  if (allocation && now.status?.allocation) throw new Error(`claim ${objectKey(claim)} got allocated elsewhere in the meantime`);
  const { finalizers = [] } = now.metadata ?? {};
  if (allocation && !finalizers.includes(CLAIM_FINALIZER)) {
    now = await client.update(
      resourceClaims,
      { ...now, metadata: { ...now.metadata, finalizers: [...finalizers, CLAIM_FINALIZER] } },
      place,
    );
  }
  if (!allocation && isReservedFor(now, pod)) return now;
  const reservedFor = [...(now.status?.reservedFor ?? []), podConsumer(pod)];
  const status = { ...now.status, ...(allocation && { allocation }), reservedFor };
  return client.update(resourceClaims, { ...now, status }, { ...place, subresource: 'status' });
}

/** The pod is not to run there after all. The claim keeps its devices: the pod, or another, may find them useful elsewhere. */
export async function unreserveClaim(claim: ResourceV1ResourceClaim, pod: Pod, { client, signal }: ClaimOptions): Promise<void> {
  await changeStatus(claim, { client, signal }, (now) => {
    if (!isReservedFor(now, pod)) return undefined;
    const reservedFor = now.status?.reservedFor?.filter(({ uid }) => uid !== pod.metadata?.uid);
    return { ...now.status, reservedFor };
  });
}

/** Does nobody use the claim but the pod? */
export const isUnusedBut = (pod: Pod, { status }: ResourceV1ResourceClaim): boolean =>
  (status?.reservedFor ?? []).every(({ uid }) => uid === pod.metadata?.uid);

/** Gives the claim's devices back, if nobody uses them but the pod, for which they are no use. What drivers said of them goes as well. */
export async function deallocateClaim(claim: ResourceV1ResourceClaim, pod: Pod, options: ClaimOptions): Promise<void> {
  await changeStatus(claim, options, (now) => (now.status?.allocation && isUnusedBut(pod, now) ? {} : undefined));
}

async function changeStatus(
  claim: ResourceV1ResourceClaim,
  { client, signal }: ClaimOptions,
  change: (now: ResourceV1ResourceClaim) => ResourceV1ResourceClaim['status'] | undefined,
): Promise<void> {
  const place = placeOf(claim, signal);
  const now = await client.get(resourceClaims, claim.metadata?.name ?? '', place).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
  const status = now?.metadata?.uid === claim.metadata?.uid && now ? change(now) : undefined;
  if (now && status) await client.update(resourceClaims, { ...now, status }, { ...place, subresource: 'status' });
}
