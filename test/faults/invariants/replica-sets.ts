import { type KubeObject, objectKey } from '../../../src/api/meta/object.ts';
import type { Pod } from '../../../src/api/schema/generated/types.ts';
import { isActive, ownerOf } from '../pod-facts.ts';
import type { Invariant, Scene } from './invariant.ts';

type Counted = KubeObject & { spec?: { replicas?: number; parallelism?: number } };

const KINDS: Readonly<Record<string, { readonly resource: string; readonly count: (owner: Counted) => number }>> = {
  ReplicaSet: { resource: 'replicasets.apps', count: ({ spec }) => spec?.replicas ?? 1 },
  Job: { resource: 'jobs.batch', count: ({ spec }) => spec?.parallelism ?? 1 },
};

function ownerAt({ truth, history }: Scene, pod: Pod) {
  const reference = ownerOf(pod);
  const kind = KINDS[reference?.kind ?? ''];
  const owner = kind && truth.get<Counted>(kind.resource, `${pod.metadata?.namespace}/${reference?.name}`);
  if (!kind || owner?.metadata?.uid !== reference?.uid || !owner) return undefined;
  return {
    uid: owner.metadata?.uid,
    counts: history.recent(kind.resource, owner).map(kind.count),
    isGoing: owner.metadata?.deletionTimestamp !== undefined,
  };
}

/** Also a Job's parallelism. A pod that was made although its maker was told that it was not is not his fault. */
export const neverTooMany: Invariant = {
  name: 'a ReplicaSet never makes more pods than it has replicas, a Job never more than its parallelism',
  check({ resource, before, after, by }, scene) {
    if (resource !== 'pods' || before || !after) return undefined;
    const owner = ownerAt(scene, after as Pod);
    if (!owner) return undefined;
    const active = scene.history.ownedBy(owner.uid).filter(({ pod }) => isActive(pod) && scene.truth.get('pods', objectKey(pod))).length;
    const most = Math.max(...owner.counts) + scene.history.lates(by, 'create pods');
    return active > most ? `${active} pods, at most ${most} wanted` : undefined;
  },
};

export const neverTooFew: Invariant = {
  name: 'a ReplicaSet never deletes a pod that it needs',
  check({ resource, before, after, by }, scene) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'replicaset' || !pod || !isActive(pod) || (after && isActive(after as Pod))) return undefined;
    const owner = ownerAt(scene, pod);
    if (!owner || owner.isGoing) return undefined;
    const left = scene.history.ownedBy(owner.uid).filter((life) => scene.history.isBelieved(life, 'active')).length;
    // One that goes although its deleter was told that it does not: he has taken another in its place by then.
    const least = Math.min(...owner.counts) - scene.history.lates(by, 'delete pods');
    return left < least ? `${left} pods left, ${least} wanted` : undefined;
  },
};
