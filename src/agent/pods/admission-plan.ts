import { hostPortsOf, portsCollide } from '../../api/core/host-ports.ts';
import { type Amounts, podRequests } from '../../api/core/pod-resources.ts';
import { isExtendedResource } from '../../api/core/resource-names.ts';
import { fitsNodeAffinity } from '../../api/meta/node-selector.ts';
import { tolerates } from '../../api/meta/tolerations.ts';
import type { Container, Node, Pod } from '../../api/schema/generated/types.ts';
import { formatQuantity, milliValue, quantityValue } from '../../base/quantity.ts';
import type { PodState } from './pod-state-plan.ts';
import { phaseOf } from './status-plan.ts';
import { forbiddenSysctl } from './sysctl-plan.ts';

export interface Rejection {
  /** The reason of the pod's status and of the event. */
  readonly reason: string;
  readonly message: string;
}

/** A resource that the node has too little of. Thousandths of a core, bytes, pieces. */
export interface Shortage {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** What stands in a pod's way. One with a shortage others could get out of the way of. */
export type Obstacle = Rejection & { readonly shortage?: Shortage };

/**
 * What keeps the node from taking a pod that was bound to it, the first being what is told. The scheduler asked the same, but a pod may name its node itself,
 * schedulers may race, and the node may have changed since. `others`: the pods that are on the node.
 * Source: Kubernetes, kubelet admission (pkg/kubelet/lifecycle/predicate.go).
 */
export function planAdmission(pod: Pod, node: Node | undefined, others: readonly Pod[]): readonly Obstacle[] {
  const { metadata, status, spec } = pod;
  if (!node || !spec || metadata?.deletionTimestamp || status?.phase === 'Failed' || status?.phase === 'Succeeded') return [];
  const sysctl = forbiddenSysctl(pod);
  if (sysctl) return [{ reason: 'SysctlForbidden', message: sysctl }];
  const system = otherSystem(pod);
  if (system) return [system];
  const obstacles: Obstacle[] = shortages(pod, node, others).map(outOf);
  if (!fitsNodeAffinity(spec, node)) obstacles.push(predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector"));
  const wanted = hostPortsOf(pod);
  const taken = wanted.length === 0 ? [] : others.flatMap(hostPortsOf);
  if (wanted.some((port) => taken.some((other) => portsCollide(port, other))))
    obstacles.push(predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports"));
  const evicting = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  if (evicting.some((taint) => !tolerates(spec.tolerations, taint)))
    obstacles.push(predicate('TaintToleration', "node(s) had taints that the pod didn't tolerate"));
  return obstacles;
}

const predicate = (reason: string, why: string): Rejection => ({ reason, message: `Predicate ${reason} failed: ${why}` });

const outOf = (shortage: Shortage): Obstacle => {
  const { resource, requested, used, capacity } = shortage;
  const message = `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message, shortage };
};

const OS_LABEL = 'kubernetes.io/os';

function otherSystem({ metadata, spec }: Pod): Rejection | undefined {
  const failed = (reason: string, why: string): Rejection => ({ reason, message: `Failed to admit pod as the ${why}` });
  if ((metadata?.labels?.[OS_LABEL] ?? 'linux') !== 'linux')
    return failed('PodOSSelectorNodeLabelDoesNotMatch', `\`${OS_LABEL}\` label doesn't match node label`);
  return spec?.os && spec.os.name !== 'linux' ? failed('PodOSNotSupported', "OS field doesn't match node OS") : undefined;
}

function shortages(pod: Pod, { status }: Node, others: readonly Pod[]): Shortage[] {
  const allocatable = status?.allocatable;
  if (!allocatable) return [];
  const wanted = podRequests(withoutDevices(pod));
  const used = others.map((other) => podRequests(other, { status: true }));
  const places = { resource: 'pods', requested: 1, used: others.length, capacity: quantityValue(allocatable.pods ?? 0) };
  const asked = Object.keys(wanted)
    // What the node does not know is the cluster's to count.
    .filter((resource) => allocatable[resource] !== undefined || !isExtendedResource(resource))
    .map((resource) => ({
      resource,
      requested: amountOf(wanted, resource),
      used: used.reduce((sum, amounts) => sum + amountOf(amounts, resource), 0),
      capacity: inUnits(resource, allocatable[resource] ?? '0'),
    }))
    .filter(({ requested }) => requested > 0)
    .sort((a, b) => rank(a.resource) - rank(b.resource));
  return [places, ...asked].filter(({ requested, used: taken, capacity }) => requested > capacity - taken);
}

/** Devices were allocated for these extended resources of its containers: the node does not count them. */
function withoutDevices(pod: Pod): Pod {
  const mappings = pod.status?.extendedResourceClaimStatus?.requestMappings;
  if (!mappings || !pod.spec) return pod;
  const strip = (container: Container): Container => {
    const mapped = new Set(mappings.flatMap(({ containerName, resourceName }) => (containerName === container.name ? [resourceName] : [])));
    const requests = Object.entries(container.resources?.requests ?? {}).filter(([resource]) => !mapped.has(resource));
    return { ...container, resources: { ...container.resources, requests: Object.fromEntries(requests) } };
  };
  const { containers, initContainers } = pod.spec;
  return {
    ...pod,
    spec: { ...pod.spec, containers: containers.map(strip), ...(initContainers && { initContainers: initContainers.map(strip) }) },
  };
}

const ORDER = ['cpu', 'memory', 'ephemeral-storage'];
const rank = (resource: string): number => (ORDER.includes(resource) ? ORDER.indexOf(resource) : ORDER.length);

const inUnits = (resource: string, quantity: string): number => (resource === 'cpu' ? milliValue(quantity) : quantityValue(quantity));

function amountOf(amounts: Readonly<Amounts>, resource: string): number {
  const amount = amounts[resource];
  return amount ? inUnits(resource, formatQuantity(amount)) : 0;
}

/** Until its containers are down, unless the API knows nothing of it any more or takes it for over. */
export function holdsPlace(state: PodState): boolean {
  const { stage, object } = state;
  if (object !== 'present' || (stage.at !== 'new' && stage.at !== 'active' && stage.at !== 'terminating')) return false;
  const phase = phaseOf(state);
  return phase !== 'Failed' && phase !== 'Succeeded';
}
