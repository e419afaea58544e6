import { controllerOf } from '../../api/meta/object.ts';
import type { PersistentVolumeClaim, Pod, Volume } from '../../api/schema/generated/types.ts';
import { ownerReference } from '../lib/ownership-plan.ts';

/** The claim that a pod's ephemeral volume stands for (https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming). */
const claimName = (pod: Pod, volume: Volume) => `${pod.metadata?.name}-${volume.name}`;

const ephemeralVolumes = ({ spec }: Pod) => (spec?.volumes ?? []).filter((volume) => volume.ephemeral?.volumeClaimTemplate);

/** `namespace/name` of the claims that the pod's ephemeral volumes stand for. */
export const ephemeralClaims = (pod: Pod): string[] =>
  ephemeralVolumes(pod).map((volume) => `${pod.metadata?.namespace}/${claimName(pod, volume)}`);

export type ClaimStep =
  | { readonly do: 'create'; readonly volume: string; readonly claim: PersistentVolumeClaim }
  /** Somebody else has a claim of that name: the pod must not get at its data. */
  | { readonly do: 'refuse'; readonly volume: string; readonly message: string };

/** What each ephemeral volume of the pod needs. `find`: the claim of a name in the pod's namespace. Pods that go need nothing. */
export function planClaims(pod: Pod, find: (name: string) => PersistentVolumeClaim | undefined): ClaimStep[] {
  if (pod.metadata?.deletionTimestamp) return [];
  const { namespace, name, uid } = pod.metadata ?? {};
  return ephemeralVolumes(pod).flatMap((volume): ClaimStep[] => {
    const wanted = claimName(pod, volume);
    const found = find(wanted);
    if (!found) return [{ do: 'create', volume: volume.name, claim: claimFor(pod, volume) }];
    if (controllerOf(found)?.uid === uid) return [];
    const message = `PVC ${namespace}/${wanted} was not created for pod ${namespace}/${name} (pod is not the owner)`;
    return [{ do: 'refuse', volume: volume.name, message }];
  });
}

/** Owned by the pod: garbage collection takes it away after the pod. */
function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const { metadata, spec } = volume.ephemeral?.volumeClaimTemplate ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(pod, volume),
      namespace: pod.metadata?.namespace,
      labels: metadata?.labels,
      annotations: metadata?.annotations,
      ownerReferences: [ownerReference(pod, 'v1', 'Pod')],
    },
    spec,
  };
}
