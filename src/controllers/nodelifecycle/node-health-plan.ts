import type { Node, NodeCondition, Taint } from '../../api/schema/generated/types.ts';

/** Upstream's defaults of --node-monitor-grace-period, and of --node-startup-grace-period for a node that never said how it is. */
const GRACE_MS = 50_000;
const STARTUP_GRACE_MS = 60_000;

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Conditions that mean a taint, and the status that does (Kubernetes: "Taint nodes by condition"). */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const CONDITION_KEYS: ReadonlySet<string> = new Set([
  ...Object.values(CONDITION_TAINTS).flatMap((byStatus) => Object.values(byStatus)),
  UNSCHEDULABLE,
]);

export const readyCondition = (node: Node): NodeCondition | undefined => node.status?.conditions?.find((c) => c.type === 'Ready');

/** For how long this node may be silent. */
export const graceMs = (node: Node): number => (readyCondition(node) ? GRACE_MS : STARTUP_GRACE_MS);

/** The conditions that a silent node is to have: everything that only the node itself can know becomes Unknown. */
export function silentConditions(node: Node, now: string): NodeCondition[] {
  const known = new Map((node.status?.conditions ?? []).map((c) => [c.type, c]));
  return ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => {
    const before = known.get(type);
    if (before?.status === 'Unknown') return before;
    return {
      ...(before ?? { lastHeartbeatTime: node.metadata?.creationTimestamp }),
      type,
      status: 'Unknown',
      reason: before ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: before ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastTransitionTime: now,
    };
  });
}

/**
 * The taints that are `wanted` of those that `isManaged`, beside all others; undefined when the node has them so. What it has already keeps the
 * time that it was added at.
 */
function swapTaints(node: Node, wanted: readonly Taint[], isManaged: (taint: Taint) => boolean, now: string): Taint[] | undefined {
  const same = (a: Taint) => (b: Taint) => a.key === b.key && a.effect === b.effect;
  const existing = node.spec?.taints ?? [];
  const kept = existing.filter((taint) => !isManaged(taint) || wanted.some(same(taint)));
  const added = wanted.filter((taint) => !existing.some(same(taint)));
  if (added.length === 0 && kept.length === existing.length) return undefined;
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded: now }))];
}

/** The node's taints with NoSchedule as its conditions and `spec.unschedulable` ask for; undefined when they are so already. */
export function planConditionTaints(node: Node, now: string): Taint[] | undefined {
  const keys = (node.status?.conditions ?? []).flatMap(({ type, status }) => CONDITION_TAINTS[type]?.[status] ?? []);
  if (!readyCondition(node)) keys.push(NOT_READY);
  if (node.spec?.unschedulable) keys.push(UNSCHEDULABLE);
  const wanted = keys.map((key) => ({ key, effect: 'NoSchedule' }));
  return swapTaints(node, wanted, ({ key, effect }) => effect === 'NoSchedule' && CONDITION_KEYS.has(key), now);
}

/** The taint that ends the pods of a node which is not ready, by the condition's status. */
const EVICTING_TAINTS: Readonly<Record<string, Taint>> = {
  False: { key: NOT_READY, effect: 'NoExecute' },
  Unknown: { key: UNREACHABLE, effect: 'NoExecute' },
};
const isEvicting = ({ key, effect }: Taint) => effect === 'NoExecute' && (key === NOT_READY || key === UNREACHABLE);

/** Does the node have one of the taints that end pods because it is not ready? */
export const evicts = (node: Node): boolean => node.spec?.taints?.some(isEvicting) ?? false;

/** Keys of the taints that end its pods because it is not ready. */
export const evictingKeys = (node: Node): string[] => (node.spec?.taints ?? []).filter(isEvicting).map(({ key }) => key);

/** The node's taints with the one that ends its pods, for why it is not ready now, or with none; undefined when they are so already. */
export function planEvictingTaints(node: Node, isEvicted: boolean, now: string): Taint[] | undefined {
  const taint = isEvicted ? EVICTING_TAINTS[readyCondition(node)?.status ?? ''] : undefined;
  return swapTaints(node, taint ? [taint] : [], isEvicting, now);
}
