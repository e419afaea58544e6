import type { Pod, StatefulSet } from '../../../src/api/schema/generated/types.ts';
import type { Process } from '../fake-kubelet.ts';
import { isActive, isReady, ordinalOf, ownerOf } from '../pod-facts.ts';
import type { Invariant, Scene } from './invariant.ts';

function setOf({ truth }: Scene, pod: Pod): StatefulSet | undefined {
  const owner = ownerOf(pod);
  if (owner?.kind !== 'StatefulSet') return undefined;
  const set = truth.get<StatefulSet>('statefulsets.apps', `${pod.metadata?.namespace}/${owner.name}`);
  return set?.metadata?.uid === owner.uid ? set : undefined;
}

/** Ordinals that a view of lately shows as ready. */
function readyOrdinals(scene: Scene, set: StatefulSet): ReadonlySet<number> {
  const lives = scene.history.ownedBy(set.metadata?.uid).filter((life) => scene.history.isBelieved(life, 'ready'));
  return new Set(lives.map(({ pod }) => ordinalOf(pod)));
}

const missingBelow = (ordinals: ReadonlySet<number>, end: number, but: number): number[] =>
  Array.from({ length: end }, (_, ordinal) => ordinal).filter((ordinal) => ordinal !== but && !ordinals.has(ordinal));

export const inOrder: Invariant = {
  name: 'an ordered StatefulSet makes a pod only when all before it are ready',
  check({ resource, before, after }, scene) {
    if (resource !== 'pods' || before || !after) return undefined;
    const set = setOf(scene, after as Pod);
    if (!set || set.spec?.podManagementPolicy === 'Parallel') return undefined;
    const ordinal = ordinalOf(after as Pod);
    const missing = missingBelow(readyOrdinals(scene, set), ordinal, ordinal);
    return missing.length > 0 ? `pod ${ordinal} made while ${missing.join(', ')} were not ready` : undefined;
  },
};

export const oneDown: Invariant = {
  name: 'a StatefulSet takes down one ready pod at a time',
  check({ resource, before, after, by }, scene) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'statefulset' || !pod || !isActive(pod) || !isReady(pod) || (after && isActive(after as Pod)))
      return undefined;
    if (scene.history.isThoughtDown(pod.metadata?.uid)) return undefined;
    const set = setOf(scene, pod);
    if (!set || set.metadata?.deletionTimestamp) return undefined;
    const sizes = scene.history.recent('statefulsets.apps', set).map((s) => s.spec?.replicas ?? 1);
    const least = Math.min(...sizes);
    if (ordinalOf(pod) >= least) return undefined;
    const isParallel = set.spec?.podManagementPolicy === 'Parallel';
    // Upstream's update of a parallel one looks at those that had their turn before, alone.
    const missing = missingBelow(readyOrdinals(scene, set), least, ordinalOf(pod)).filter((other) => !isParallel || other > ordinalOf(pod));
    return missing.length > 0 ? `pod ${ordinalOf(pod)} taken down while ${missing.join(', ')} were not ready` : undefined;
  },
};

/** Not a write but a start on a machine: the API may think what it likes. */
export function twoOfOne(started: Process, others: readonly Process[]): string | undefined {
  if (others.length === 0) return undefined;
  return `two live pods of one name: ${started.key} ${started.uid} started on ${started.node} while ${others.map((o) => `${o.uid} runs on ${o.node}`).join(', ')}`;
}
