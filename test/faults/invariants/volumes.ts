import type { KubeObject } from '../../../src/api/meta/object.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StatefulSet } from '../../../src/api/schema/generated/types.ts';
import { isGoing, isReady, ordinalOf, ownerOf } from '../pod-facts.ts';
import { NAMESPACE } from '../workload-objects.ts';
import type { Invariant } from './invariant.ts';

export const boundForGood: Invariant = {
  name: 'a volume is bound to one claim, and a claim keeps its volume',
  check({ resource, before, after }, { truth }) {
    if (resource === 'persistentvolumeclaims' && after) {
      const [was, is] = [before as PersistentVolumeClaim | undefined, after as PersistentVolumeClaim];
      const volumeName = is.spec?.volumeName;
      if (is.status?.phase === 'Lost') return 'its volume is lost';
      if (was?.spec?.volumeName && was.spec.volumeName !== volumeName) return `${was.spec.volumeName} becomes ${volumeName}`;
      if (!volumeName || was?.spec?.volumeName) return undefined;
      const others = truth
        .all<PersistentVolumeClaim>('persistentvolumeclaims')
        .filter((claim) => claim.spec?.volumeName === volumeName && claim.metadata?.uid !== is.metadata?.uid);
      return others.length > 0 ? `${volumeName} is bound to ${others.map((o) => o.metadata?.name).join(', ')} already` : undefined;
    }
    if (resource !== 'persistentvolumes' || !before || !after) return undefined;
    const [was, is] = [(before as PersistentVolume).spec?.claimRef, (after as PersistentVolume).spec?.claimRef];
    if (!was?.uid || was.uid === is?.uid) return undefined;
    const claim = truth.get<PersistentVolumeClaim>('persistentvolumeclaims', `${was.namespace}/${was.name}`);
    const isItsOwn = claim?.metadata?.uid === was.uid && claim.spec?.volumeName === after.metadata?.name;
    return isItsOwn ? `it is taken from ${was.name}, which holds it` : undefined;
  },
};

const isOfPod = (claim: KubeObject | undefined) => claim?.metadata?.ownerReferences?.some(({ kind }) => kind === 'Pod') ?? false;

/**
 * A claim is given to the pod with which it is to go. Once it is, it goes, though its member be wanted again before the pod has ended: upstream's controller
 * (processReplica) does not take it back from a pod that is going.
 */
export const claimsStay: Invariant = {
  name: 'a claim of a StatefulSet stays as long as its policy says',
  check({ resource, before, after, by }, { truth, history }) {
    if (resource !== 'persistentvolumeclaims' || !before || before.metadata?.deletionTimestamp) return undefined;
    const isGoing = !after || after.metadata?.deletionTimestamp;
    const isGiven = !isOfPod(before) && isOfPod(after);
    const namespace = truth.get('namespaces', NAMESPACE);
    if (!(isGoing || isGiven) || !namespace || namespace.metadata?.deletionTimestamp) return undefined;
    const set = truth.get<StatefulSet>('statefulsets.apps', `${NAMESPACE}/db`);
    if (!set || (isGoing && by === 'garbage-collector' && isOfPod(before))) return undefined;
    if (set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return 'it is to be retained';
    const least = Math.min(...history.recent('statefulsets.apps', set).map((s) => s.spec?.replicas ?? 1));
    return ordinalOf(before) < least ? `${least} members need theirs` : undefined;
  },
};

/**
 * Only so: upstream's controller (UpdatePodClaimForRetentionPolicy) makes the claims over to pods that it takes away. A member that has no pod when it is
 * not wanted any more keeps its claims, whatever the policy.
 */
export const claimsGo: Invariant = {
  name: 'a StatefulSet whose policy says so gives the claims of a member to its pod before it takes that away',
  check({ resource, before, after, by }, { truth, history }) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'statefulset' || !pod || isGoing(pod) || (after && !isGoing(after as Pod))) return undefined;
    const set = truth.get<StatefulSet>('statefulsets.apps', `${pod.metadata?.namespace}/${ownerOf(pod)?.name}`);
    if (set?.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete' || ordinalOf(pod) < (set.spec.replicas ?? 1))
      return undefined;
    // One that is not well, or of an older template, may be ended to be replaced by whoever does not know yet that it is not wanted any more.
    const images = new Set(history.recent('statefulsets.apps', set).map((s) => s.spec?.template?.spec?.containers[0]?.image));
    if (!isReady(pod) || images.size > 1 || !images.has(pod.spec?.containers[0]?.image)) return undefined;
    const claim = truth.get<PersistentVolumeClaim>('persistentvolumeclaims', `${NAMESPACE}/data-${pod.metadata?.name}`);
    const isItsOwn = claim?.metadata?.ownerReferences?.some(({ uid }) => uid === pod.metadata?.uid);
    return claim && !isItsOwn ? `${claim.metadata?.name} is not its own` : undefined;
  },
};
