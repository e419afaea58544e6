import { hostPortsOf, portsCollide } from '../../api/core/host-ports.ts';
import { fitsNodeAffinity } from '../../api/meta/node-selector.ts';
import { tolerates } from '../../api/meta/tolerations.ts';
import type { Node, Pod } from '../../api/schema/generated/types.ts';
import type { PodState } from './pod-state-plan.ts';

export interface Rejection {
  /** The reason of the pod's status and of the event. */
  readonly reason: string;
  readonly message: string;
}

/**
 * Whether the node takes a pod that was bound to it. The scheduler asked the same, but a pod may name its node itself, and the node may have changed since.
 * `others`: the pods that are on the node. Source: Kubernetes, kubelet admission (pkg/kubelet/lifecycle/predicate.go).
 */
export function planAdmission(pod: Pod, node: Node | undefined, others: readonly Pod[]): Rejection | undefined {
  const { metadata, status, spec } = pod;
  if (!node || !spec || metadata?.deletionTimestamp || status?.phase === 'Failed' || status?.phase === 'Succeeded') return undefined;
  if (!fitsNodeAffinity(spec, node)) return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  const wanted = hostPortsOf(pod);
  const taken = wanted.length === 0 ? [] : others.flatMap(hostPortsOf);
  if (wanted.some((port) => taken.some((other) => portsCollide(port, other))))
    return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  const evicting = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (evicting.some((taint) => !tolerates(spec.tolerations, taint)))
    return predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate");
  return undefined;
}

const predicate = (reason: string, why: string): Rejection => ({ reason, message: `Predicate ${reason} failed: ${why}` });

/** Until its containers are down, unless the API knows nothing of it any more. */
export const holdsPorts = ({ stage, object }: PodState): boolean =>
  object === 'present' && (stage.at === 'new' || stage.at === 'active' || stage.at === 'terminating');
