import { isDeviceResource } from '../../api/resource/device-resources.ts';
import { EXTENDED_CLAIM_ANNOTATION, isOwnedByPod } from '../../api/resource/pod-claims.ts';
import type { ContainerExtendedResourceRequest, Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Amounts } from '../cache/resources.ts';
import type { ClassOfResource } from './class-resources.ts';
import { planExtendedRequests } from './extended-requests-plan.ts';

/** The claim that stands for a pod's extended resources on one node. */
export interface ExtendedClaim {
  readonly claim: ResourceV1ResourceClaim;
  readonly mappings: readonly ContainerExtendedResourceRequest[];
}

/** No claim can have this name: it is given one when it is created. */
const UNNAMED = '<extended-resources>';

/** A pod's extended resources, if devices of a class may stand for one of them; else undefined. */
export function extendedResourcesOf({ scalars }: Amounts, classOf: ClassOfResource): readonly string[] | undefined {
  if (!scalars) return undefined;
  const names = [...scalars].flatMap(([name, amount]) => (amount > 0 && isDeviceResource(name) ? [name] : []));
  return names.some((name) => classOf(name)) ? names : undefined;
}

/** What of them devices have to stand for on a node, with their classes: what the node does not count itself. `nowhere`: neither does. */
export function resourcesByClass(
  resources: readonly string[],
  allocatable: Amounts,
  classOf: ClassOfResource,
): ReadonlyMap<string, string> | 'nowhere' {
  const classes = new Map<string, string>();
  for (const resource of resources) {
    if (allocatable.get(resource) > 0) continue;
    const found = classOf(resource)?.metadata?.name;
    if (found !== undefined) classes.set(resource, found);
    // A node that says that it has none of it is a matter of NodeResourcesFit.
    else if (!allocatable.scalars?.has(resource)) return 'nowhere';
  }
  return classes;
}

/** Not in the API yet. `uid`: what it is known by until then. */
export function extendedClaimFor(pod: Pod, classes: ReadonlyMap<string, string>, uid: string): ExtendedClaim {
  const { name = '', namespace, uid: podUid = '' } = pod.metadata ?? {};
  const { requests, mappings } = planExtendedRequests(pod, classes);
  const metadata = {
    name: UNNAMED,
    generateName: `${name}-extended-resources-`,
    namespace,
    uid,
    annotations: { [EXTENDED_CLAIM_ANNOTATION]: 'true' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid: podUid, controller: true }],
  };
  return {
    claim: { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', metadata, spec: { devices: { requests: [...requests] } } },
    mappings,
  };
}

export const isExtendedClaimOf = (pod: Pod, claim: ResourceV1ResourceClaim): boolean =>
  claim.metadata?.annotations?.[EXTENDED_CLAIM_ANNOTATION] === 'true' && isOwnedByPod(claim, pod);
