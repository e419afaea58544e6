import type { Pod, PodResourceClaim, ResourceV1ResourceClaim } from '../schema/generated/types.ts';

/** On a claim: the entry of its pod's `spec.resourceClaims` that it was made for. */
export const POD_CLAIM_ANNOTATION = 'resource.kubernetes.io/pod-claim-name';
/** On a claim, `true`: the scheduler made it for a pod's extended resources. */
export const EXTENDED_CLAIM_ANNOTATION = 'resource.kubernetes.io/extended-resource-claim';
/** On a claim: devices are allocated to it, which must be given back before it goes. */
export const CLAIM_FINALIZER = 'resource.kubernetes.io/delete-protection';

/**
 * What an entry of a pod's `spec.resourceClaims` stands for: a claim of a name; none, because it was found out that none is needed; or one that is
 * to be made from a template. `mustOwn`: a claim of that name counts only if it was made for this pod.
 */
export type PodClaimName =
  | { readonly is: 'named'; readonly name: string; readonly mustOwn: boolean }
  | { readonly is: 'unneeded' }
  | { readonly is: 'not-created' };

/** Kubernetes: "Dynamic Resource Allocation", pods that use ResourceClaims. */
export function podClaimName({ status }: Pod, { name, resourceClaimName }: PodResourceClaim): PodClaimName {
  if (resourceClaimName) return { is: 'named', name: resourceClaimName, mustOwn: false };
  const known = status?.resourceClaimStatuses?.find((one) => one.name === name);
  if (!known) return { is: 'not-created' };
  return known.resourceClaimName ? { is: 'named', name: known.resourceClaimName, mustOwn: true } : { is: 'unneeded' };
}

/** `namespace/name` of the claims that a pod is known to use. */
export const resourceClaimKeysOf = (pod: Pod): string[] =>
  (pod.spec?.resourceClaims ?? []).flatMap((entry) => {
    const found = podClaimName(pod, entry);
    return found.is === 'named' ? [`${pod.metadata?.namespace}/${found.name}`] : [];
  });

export const isReservedFor = ({ status }: ResourceV1ResourceClaim, { metadata }: Pod): boolean =>
  status?.reservedFor?.some(({ uid }) => uid === metadata?.uid) ?? false;

export const podConsumer = ({ metadata }: Pod) => ({ resource: 'pods', name: metadata?.name ?? '', uid: metadata?.uid ?? '' });

export const isOwnedByPod = ({ metadata }: ResourceV1ResourceClaim, pod: Pod): boolean =>
  metadata?.ownerReferences?.some(({ controller, uid }) => controller && uid === pod.metadata?.uid) ?? false;
