import type { DaemonSet, Pod } from '../../../src/api/schema/generated/types.ts';
import { isActive, isOver, isReady, ownerOf } from '../pod-facts.ts';
import type { Invariant } from './invariant.ts';

const REVISION = 'controller-revision-hash';

const nodeOf = ({ spec }: Pod): string | undefined =>
  spec?.nodeName ??
  spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]?.values?.[0];

export const oneOnANode: Invariant = {
  name: 'a DaemonSet has one pod on a node, and with a surge one of each revision',
  check({ resource, after, before }, { truth, history }) {
    const pod = after as Pod;
    if (resource !== 'pods' || !after || ownerOf(pod)?.kind !== 'DaemonSet') return undefined;
    const set = truth.get<DaemonSet>('daemonsets.apps', `${pod.metadata?.namespace}/${ownerOf(pod)?.name}`);
    const there = truth.all<Pod>('pods').filter((p) => ownerOf(p)?.uid === ownerOf(pod)?.uid && nodeOf(p) === nodeOf(pod));
    const ready = there.filter((p) => isActive(p) && isReady(p) && p.metadata?.labels?.[REVISION] === pod.metadata?.labels?.[REVISION]);
    // One that is made although its maker was told that it was not is not his fault.
    const lates = history.lates('daemonset', 'create pods');
    if (ready.length > 1 + lates) return `${ready.length} ready pods of one revision on ${nodeOf(pod)}`;
    if (before || set?.spec?.updateStrategy?.rollingUpdate?.maxSurge) return undefined;
    const alive = there.filter((p) => !isOver(p)).length - lates;
    return alive > 1 ? `${alive} pods on ${nodeOf(pod)}` : undefined;
  },
};
