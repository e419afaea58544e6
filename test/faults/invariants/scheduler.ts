import type { Node, Pod, Taint, Toleration } from '../../../src/api/schema/generated/types.ts';
import { PODS_ON_A_NODE } from '../fake-kubelet.ts';
import { isOver } from '../pod-facts.ts';
import type { Invariant, Scene } from './invariant.ts';

/** The node that the pod gets by this write, when it is the scheduler's. */
function placed({ resource, before, after, by }: Parameters<Invariant['check']>[0]): string | undefined {
  if (resource !== 'pods' || by !== 'scheduler' || !before || !after) return undefined;
  return (before as Pod).spec?.nodeName ? undefined : (after as Pod).spec?.nodeName;
}

/** A binding that is carried out although the scheduler was told that it failed takes a place that it gives to others. */
export const roomForAll: Invariant = {
  name: 'the scheduler never gives a node more pods than it takes',
  check(write, { truth, history }) {
    const node = placed(write);
    if (!node) return undefined;
    const there = truth.all<Pod>('pods').filter((pod) => pod.spec?.nodeName === node && !isOver(pod)).length;
    const most = PODS_ON_A_NODE + history.unknown(write.by, 'create pods');
    return there > most ? `${there} pods on ${node}, which takes ${most}` : undefined;
  },
};

const isTolerated = ({ key, value, effect }: Taint, tolerations: readonly Toleration[]) =>
  tolerations.some(
    (t) =>
      (t.key ? t.key === key : t.operator === 'Exists') &&
      (!t.effect || t.effect === effect) &&
      (t.operator === 'Exists' || (t.value ?? '') === (value ?? '')),
  );

const CORDON: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Is the node kept from the pod in every view of it that the scheduler may have had? */
function isForbidden({ truth, history }: Scene, name: string, pod: Pod): boolean {
  const node = truth.get<Node>('nodes', name);
  if (!node) return false;
  return history.recent('nodes', node).every(({ spec }) => {
    const taints = [
      ...(spec?.taints ?? []).filter(({ effect }) => effect !== 'PreferNoSchedule'),
      ...(spec?.unschedulable ? [CORDON] : []),
    ];
    return taints.some((taint) => !isTolerated(taint, pod.spec?.tolerations ?? []));
  });
}

export const notWhereForbidden: Invariant = {
  name: 'the scheduler gives no pod to a node that is cordoned or has taints that the pod does not tolerate',
  check(write, scene) {
    const node = placed(write);
    return node && isForbidden(scene, node, write.after as Pod) ? `${node} is not for it` : undefined;
  },
};
