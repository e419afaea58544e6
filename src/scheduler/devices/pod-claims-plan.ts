import { fitsNodeAffinity } from '../../api/meta/node-selector.ts';
import { isOwnedByPod, podClaimName } from '../../api/resource/pod-claims.ts';
import type { DeviceClass, Node, Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';

/** The claims of a pod, or in upstream's words why it cannot be scheduled with them. */
export function claimsOf(
  pod: Pod,
  find: (name: string) => ResourceV1ResourceClaim | undefined,
): { readonly claims: readonly ResourceV1ResourceClaim[] } | { readonly problem: string } {
  const { namespace, name } = pod.metadata ?? {};
  const claims: ResourceV1ResourceClaim[] = [];
  for (const entry of pod.spec?.resourceClaims ?? []) {
    const known = podClaimName(pod, entry);
    if (known.is === 'not-created') return { problem: `pod "${namespace}/${name}": ResourceClaim not created yet` };
    if (known.is === 'unneeded') continue;
    const claim = find(known.name);
    if (!claim) return { problem: `resourceclaim.resource.k8s.io "${known.name}" not found` };
    if (claim.metadata?.deletionTimestamp) return { problem: `resourceclaim "${known.name}" is being deleted` };
    if (known.mustOwn && !isOwnedByPod(claim, pod)) {
      return { problem: `ResourceClaim ${namespace}/${known.name} was not created for Pod ${namespace}/${name} (Pod is not owner)` };
    }
    claims.push(claim);
  }
  return { claims };
}

/** A class that a claim asks for and that does not exist, in upstream's words. */
export function missingClass(claim: ResourceV1ResourceClaim, find: (name: string) => DeviceClass | undefined): string | undefined {
  for (const { name, exactly, firstAvailable = [] } of claim.spec.devices?.requests ?? []) {
    const wanted = exactly ? [{ name, deviceClassName: exactly.deviceClassName }] : firstAvailable;
    const missing = wanted.find(({ deviceClassName }) => !find(deviceClassName));
    if (missing) return `request ${missing.name}: device class ${missing.deviceClassName} does not exist`;
  }
  return undefined;
}

/** Can the claim's devices be used from the node? */
export function isUsableFrom({ status }: ResourceV1ResourceClaim, node: Node): boolean {
  const required = status?.allocation?.nodeSelector;
  if (!required) return true;
  return fitsNodeAffinity({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }, node);
}
