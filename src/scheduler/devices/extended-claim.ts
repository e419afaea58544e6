import { pods } from '../../api/index.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { CLAIM_FINALIZER } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import type { Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { retryOnConflict } from '../../client/retry-on-conflict.ts';
import { type ClaimOptions, placeOf } from './claim-steps.ts';
import type { ExtendedClaim } from './extended-claim-plan.ts';

/** Resolves with the claim as the API has it: with a name, without devices. */
export async function createExtendedClaim({ claim }: ExtendedClaim, { client, signal }: ClaimOptions): Promise<ResourceV1ResourceClaim> {
  const { name: _, uid: __, ...metadata } = claim.metadata ?? {};
  return client.create(resourceClaims, { ...claim, metadata }, placeOf(claim, signal));
}

/** The pod's status says which claim it is, and which of its requests each container is served by. */
export async function recordExtendedClaim(
  pod: Pod,
  claim: ResourceV1ResourceClaim,
  { mappings }: ExtendedClaim,
  { client, signal }: ClaimOptions,
): Promise<void> {
  const { name = '', namespace, uid } = pod.metadata ?? {};
  const extendedResourceClaimStatus = { requestMappings: mappings, resourceClaimName: claim.metadata?.name };
  const patch = { metadata: { uid }, status: { extendedResourceClaimStatus } };
  await client.patch(pods, name, 'strategic', patch, { namespace, subresource: 'status', signal });
}

/** Deletes the claim, also with devices: it is nobody's but this pod's, which is not to run with it. */
export async function deleteExtendedClaim(claim: ResourceV1ResourceClaim, { client, signal }: ClaimOptions): Promise<void> {
  const place = placeOf(claim, signal);
  const { name = '', uid } = claim.metadata ?? {};
  try {
    await retryOnConflict(async () => {
      const now = await client.get(resourceClaims, name, place);
      if (now.metadata?.uid !== uid) return;
      const finalizers = now.metadata?.finalizers?.filter((one) => one !== CLAIM_FINALIZER);
      if (finalizers?.length !== now.metadata?.finalizers?.length)
        await client.update(resourceClaims, { ...now, metadata: { ...now.metadata, finalizers } }, place);
      await client.delete(resourceClaims, name, { ...place, delete: { preconditions: { uid } } });
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
