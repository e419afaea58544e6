import type { DaemonSet, Node, Pod } from '../../../src/api/schema/generated/types.ts';
import { isActive, isOver, isReady, ownerOf } from '../pod-facts.ts';
import type { Invariant, Scene } from './invariant.ts';

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

/** Nodes that the set's pods have come to, without those that are kept from them, or were lately. */
function servedNodes({ truth, history }: Scene, uid: string | undefined): ReadonlyMap<string | undefined, boolean> {
  const isKept = (node: Node) => history.recent('nodes', node).some(({ spec }) => (spec?.taints ?? []).length > 0);
  const open = new Set(truth.all<Node>('nodes').flatMap((node) => (isKept(node) ? [] : node.metadata?.name)));
  const lives = history.ownedBy(uid).filter(({ pod }) => open.has(nodeOf(pod)));
  return new Map(lives.map(({ pod }) => [nodeOf(pod), lives.some((l) => nodeOf(l.pod) === nodeOf(pod) && history.isBelieved(l, 'ready'))]));
}

export const fewNodesDown: Invariant = {
  name: 'a DaemonSet takes its ready pods from no more nodes than maxUnavailable allows',
  check({ resource, before, after, by }, scene) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'daemonset' || !pod || !isActive(pod) || !isReady(pod) || (after && isActive(after as Pod)))
      return undefined;
    const { truth, history } = scene;
    const set = truth.get<DaemonSet>('daemonsets.apps', `${pod.metadata?.namespace}/${ownerOf(pod)?.name}`);
    if (!set || set.metadata?.deletionTimestamp || history.isThoughtDown(pod.metadata?.uid)) return undefined;
    const nodes = servedNodes(scene, set.metadata?.uid);
    // With a surge its successor is there already.
    if (nodes.get(nodeOf(pod)) !== false) return undefined;
    const down = [...nodes.values()].filter((isUp) => !isUp).length;
    const most = Number(set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1) + history.unknown(by, 'delete pods');
    return down > most ? `${down} nodes without, at most ${most} allowed` : undefined;
  },
};
