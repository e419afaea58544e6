import type { PodDisruptionBudget } from '../../api/schema/generated/types.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodInfo } from '../cache/pod-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { DryRun } from '../framework/handle.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';
import { byImportance, keepOut, type PreemptionCandidate, splitByBudgets } from './preemption-plan.ts';

export interface Victims {
  readonly dryRun: DryRun;
  readonly state: CycleState;
  readonly pod: PodInfo;
  readonly budgets: readonly PodDisruptionBudget[];
}

const compare = (a: PodInfo, b: PodInfo) => byImportance(a.pod, b.pod);

/**
 * The fewest and least important pods that have to leave the node for the pod, found on copies: all that are less important go; then one after the other is
 * asked back, those first whose budgets would be violated.
 */
export function findVictims(
  plugin: string,
  { dryRun, state: original, pod, budgets }: Victims,
  actual: NodeInfo,
): PreemptionCandidate<PodInfo> | Refusal {
  const less = [...actual.pods()].filter(({ priority }) => priority < pod.priority);
  if (less.length === 0) return refusal(plugin, 'UnschedulableAndUnresolvable', 'No preemption victims found for incoming pod');
  const [state, node] = [original.clone(), actual.clone()];
  const leave = (other: PodInfo) => {
    node.remove(other.key);
    dryRun.removePod(state, pod, other, node);
  };
  for (const other of less) leave(other);
  const refused = dryRun.filter(state, pod, node);
  if (refused) return refused;
  const { violating, others } = splitByBudgets(less.sort(compare), budgets);
  const takeBack = (other: PodInfo): boolean => {
    node.add(other);
    dryRun.addPod(state, pod, other, node);
    if (!dryRun.filter(state, pod, node)) return true;
    leave(other);
    return false;
  };
  const violated = keepOut(violating, takeBack);
  const victims = [...violated, ...keepOut(others, takeBack)].sort(compare);
  return { nodeName: actual.name, victims, violations: violated.length };
}
