import { toleratesTaint } from '../../api/meta/tolerations.ts';
import type { Lease, Node, NodeCondition, Pod, Taint } from '../../api/schema/generated/types.ts';

/** Upstream's default of --node-monitor-grace-period. */
export const GRACE_MS = 50_000;

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** Conditions that mean a taint, and the status that does (Kubernetes: "Taint nodes by condition"). */
const CONDITION_TAINTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const MANAGED_TAINTS: ReadonlySet<string> = new Set([
  ...Object.values(CONDITION_TAINTS).flatMap((byStatus) => Object.values(byStatus)),
  'node.kubernetes.io/unschedulable',
]);

/** When the node was last heard of: its lease, or the heartbeat in its status. Undefined: never. */
export function lastHeardMs(node: Node, lease: Lease | undefined): number | undefined {
  const heartbeats = (node.status?.conditions ?? []).map((c) => c.lastHeartbeatTime);
  const times = [lease?.spec?.renewTime, ...heartbeats].flatMap((t) => (t ? [Date.parse(t)] : []));
  return times.length > 0 ? Math.max(...times) : undefined;
}

const readyOf = (node: Node) => node.status?.conditions?.find((c) => c.type === 'Ready');

/** The conditions that a silent node is to have: everything that only the node itself can know becomes Unknown. */
export function silentConditions(node: Node, now: string): NodeCondition[] {
  const known = new Map((node.status?.conditions ?? []).map((c) => [c.type, c]));
  return ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => {
    const before = known.get(type);
    if (before?.status === 'Unknown') return before;
    return {
      ...before,
      type,
      status: 'Unknown',
      reason: before ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
      message: before ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      lastTransitionTime: now,
    };
  });
}

const sameTaint = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;

/** The node's taints as its conditions and `spec.unschedulable` ask for; undefined when they are so already. Taints of others are left alone. */
export function planTaints(node: Node, now: string): Taint[] | undefined {
  const wanted: Taint[] = [];
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = CONDITION_TAINTS[type]?.[status];
    if (key) wanted.push({ key, effect: 'NoSchedule' });
  }
  if (!readyOf(node)) wanted.push({ key: NOT_READY, effect: 'NoSchedule' });
  if (node.spec?.unschedulable) wanted.push({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' });
  const ready = readyOf(node)?.status;
  if (ready === 'False' || ready === 'Unknown') wanted.push({ key: ready === 'False' ? NOT_READY : UNREACHABLE, effect: 'NoExecute' });
  const existing = node.spec?.taints ?? [];
  const kept = existing.filter((t) => !MANAGED_TAINTS.has(t.key) || wanted.some((w) => sameTaint(w, t)));
  const added = wanted.filter((w) => !existing.some((t) => sameTaint(w, t)));
  if (added.length === 0 && kept.length === existing.length) return undefined;
  return [...kept, ...added.map((t) => (t.effect === 'NoExecute' ? { ...t, timeAdded: now } : t))];
}

/**
 * When NoExecute taints end a pod (Kubernetes: "Taint based evictions"): `now`, at a time, or never (undefined). The shortest tolerationSeconds of
 * the matching tolerations counts, from the time that the taint was added.
 */
export function evictionAtMs(pod: Pod, taints: readonly Taint[], nowMs: number): number | undefined {
  let earliest: number | undefined;
  for (const taint of taints.filter((t) => t.effect === 'NoExecute')) {
    const matching = (pod.spec?.tolerations ?? []).filter((t) => toleratesTaint(t, taint));
    const seconds = matching.flatMap((t) => (t.tolerationSeconds === undefined ? [] : [t.tolerationSeconds]));
    if (matching.length > 0 && seconds.length === 0) continue;
    const from = taint.timeAdded ? Date.parse(taint.timeAdded) : nowMs;
    const at = matching.length === 0 ? nowMs : from + Math.max(0, Math.min(...seconds)) * 1000;
    earliest = Math.min(earliest ?? at, at);
  }
  return earliest;
}
