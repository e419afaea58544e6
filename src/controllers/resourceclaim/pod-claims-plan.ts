import { controllerOf } from '../../api/meta/object.ts';
import { isOwnedByPod, isReservedFor, POD_CLAIM_ANNOTATION, podClaimName } from '../../api/resource/pod-claims.ts';
import type { Pod, PodResourceClaim, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { isActive } from '../lib/pod-state-plan.ts';

/** What there is in the pod's namespace. */
export interface PodClaimsView {
  readonly claim: (name: string) => ResourceV1ResourceClaim | undefined;
  readonly template: (name: string) => ResourceClaimTemplate | undefined;
  /** Claims that the pod owns. */
  readonly owned: readonly ResourceV1ResourceClaim[];
}

export type PodClaimStep =
  /** The pod's status is to name the claim. */
  | { readonly do: 'record'; readonly entry: string; readonly name: string }
  | { readonly do: 'create'; readonly entry: string; readonly claim: ResourceV1ResourceClaim }
  | { readonly do: 'fail'; readonly entry: string; readonly message: string };

/** Claims that the pod's entries need and do not have (kubernetes, pkg/controller/resourceclaim, handleClaim). Pods that go or have ended need none. */
export function planPodClaims(pod: Pod, view: PodClaimsView): PodClaimStep[] {
  if (!isActive(pod)) return [];
  return (pod.spec?.resourceClaims ?? []).flatMap((entry) => planEntry(pod, entry, view));
}

function planEntry(pod: Pod, entry: PodResourceClaim, { claim, template, owned }: PodClaimsView): PodClaimStep[] {
  const templateName = entry.resourceClaimTemplateName;
  if (!templateName) return [];
  const known = podClaimName(pod, entry);
  if (known.is === 'unneeded') return [];
  const found = known.is === 'named' ? claim(known.name) : undefined;
  if (found && isOwnedByPod(found, pod)) return [];
  // Made by a run that ended before it wrote the pod's status.
  const orphan = owned.find(({ metadata }) => metadata?.annotations?.[POD_CLAIM_ANNOTATION] === entry.name);
  if (orphan) return [{ do: 'record', entry: entry.name, name: orphan.metadata?.name ?? '' }];
  const from = template(templateName);
  if (from) return [{ do: 'create', entry: entry.name, claim: claimFrom(pod, entry, from) }];
  const missing = `resourceclaimtemplate.resource.k8s.io "${templateName}" not found`;
  return [{ do: 'fail', entry: entry.name, message: `resource claim template "${templateName}": ${missing}` }];
}

function claimFrom(pod: Pod, entry: PodResourceClaim, { spec }: ResourceClaimTemplate): ResourceV1ResourceClaim {
  const { name = '', namespace, uid = '' } = pod.metadata ?? {};
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceClaim',
    metadata: {
      generateName: generateName(name, entry.name),
      namespace,
      labels: spec.metadata?.labels,
      annotations: { ...spec.metadata?.annotations, [POD_CLAIM_ANNOTATION]: entry.name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true }],
    },
    spec: spec.spec,
  };
}

/** A name of 63 characters less the five that the server adds, and the hyphen before them. */
const LONGEST_BASE = 57;

/** Where both do not fit, each is shortened in proportion to its length: the entry's name is not all lost. */
export function generateName(pod: string, entry: string): string {
  const whole = `${pod}-${entry}-`;
  if (whole.length <= LONGEST_BASE) return whole;
  const part = (text: string) => text.slice(0, Math.floor((text.length * LONGEST_BASE) / whole.length));
  return `${part(pod)}-${part(entry)}`;
}

/** Claims that have devices and are not reserved for the pod, although somebody gave it a node without the scheduler. */
export function unreservedClaims(pod: Pod, claim: PodClaimsView['claim']): ResourceV1ResourceClaim[] {
  if (!pod.spec?.nodeName || !isActive(pod)) return [];
  return (pod.spec.resourceClaims ?? []).flatMap((entry) => {
    const known = podClaimName(pod, entry);
    const found = known.is === 'named' ? claim(known.name) : undefined;
    if (!found?.status?.allocation || isReservedFor(found, pod)) return [];
    return known.is === 'named' && known.mustOwn && controllerOf(found)?.uid !== pod.metadata?.uid ? [] : [found];
  });
}

/** The list for the pod's status, by name: what it says already and what is new; undefined when nothing is. */
export function claimStatuses(
  { status }: Pod,
  added: ReadonlyMap<string, string>,
): { name: string; resourceClaimName: string }[] | undefined {
  if (added.size === 0) return undefined;
  const known = (status?.resourceClaimStatuses ?? []).flatMap(({ name, resourceClaimName }) =>
    resourceClaimName ? [[name, resourceClaimName] as const] : [],
  );
  const all = new Map([...known, ...added]);
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, resourceClaimName]) => ({ name, resourceClaimName }));
}
