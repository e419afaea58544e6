import type { DaemonSet, Node, Pod } from '../../api/schema/generated/types.ts';
import { availableAtMs, isFinished, isReady } from '../lib/pod-state-plan.ts';
import { REVISION_HASH_LABEL } from '../lib/revision-history-plan.ts';
import { eligibility, targetNode } from './daemon-pod-plan.ts';

export interface DaemonView {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** Owned ones. */
  readonly pods: readonly Pod[];
  /** Of the current revision. */
  readonly hash: string;
  readonly nowMs: number;
  /** Milliseconds for which a failed pod of the node is to stay, so that a node that refuses it is not asked in a hot loop; 0: none. */
  readonly failureWaitMs: (nodeName: string) => number;
}

/** A pod that ended where it should not. */
export interface EndedPod {
  readonly pod: Pod;
  readonly nodeName: string;
}

export interface DaemonPlan {
  /** Names of nodes that get a pod, one each. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Those of `remove` that ended by themselves: told in events, and failures make the next one wait longer. */
  readonly ended: readonly EndedPod[];
  /** When a failed pod may be looked at again. */
  readonly afterMs: number | undefined;
}

/** At most this many creations or deletions in one go (upstream: BurstReplicas). */
const BURST = 250;

const createdAt = (pod: Pod) => Date.parse(pod.metadata?.creationTimestamp ?? '') || 0;
const nameOf = (pod: Pod) => pod.metadata?.name ?? '';
/** Bound ones first, then the oldest. */
const senior = (a: Pod, b: Pod) =>
  Number(!a.spec?.nodeName) - Number(!b.spec?.nodeName) || createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1);

const isGoing = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;
export const isCurrent = (pod: Pod, hash: string): boolean => pod.metadata?.labels?.[REVISION_HASH_LABEL] === hash;
export const isAvailable = (pod: Pod, { set, nowMs }: Pick<DaemonView, 'set' | 'nowMs'>): boolean =>
  (availableAtMs(pod, set.spec?.minReadySeconds ?? 0) ?? Number.POSITIVE_INFINITY) <= nowMs;

/** Owned pods by the node that they are on or wait for, the senior ones first. Pods that ended and are going are nobody's business. */
export function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const byNode = new Map<string, Pod[]>();
  for (const pod of [...pods].sort(senior)) {
    const node = targetNode(pod);
    if (node === undefined || (isFinished(pod) && isGoing(pod))) continue;
    const there = byNode.get(node);
    if (there) there.push(pod);
    else byNode.set(node, [pod]);
  }
  return byNode;
}

export interface UpdateBounds {
  readonly unavailable: number;
  readonly surge: number;
}

/** A number, or a percentage of the nodes, rounded up. */
function scaled(value: number | string | undefined, desired: number): number {
  if (typeof value === 'number') return value;
  const text = value ?? '0';
  return text.endsWith('%') ? Math.ceil((Number.parseInt(text, 10) * desired) / 100) : 0;
}

/** How many nodes may be without an available pod, or have two, in a rolling update of `desired` nodes; one may if both come to nothing. */
export function updateBounds({ spec }: DaemonSet, desired: number): UpdateBounds {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return { unavailable: 0, surge: 0 };
  const unavailable = scaled(rollingUpdate?.maxUnavailable ?? 1, desired);
  const surge = scaled(rollingUpdate?.maxSurge, desired);
  return { unavailable: desired > 0 && unavailable === 0 && surge === 0 ? 1 : unavailable, surge };
}

/** What is to be done now: first every node gets its one pod; only when that is so, an update goes on. */
export function planDaemons(view: DaemonView): DaemonPlan {
  const byNode = podsByNode(view.pods);
  const placement = planPlacement(view, byNode);
  if (placement.create.length > 0 || placement.remove.length > 0) return bounded(placement);
  if (view.set.spec?.updateStrategy?.type !== 'RollingUpdate') return placement;
  return bounded({ ...placement, ...planUpdate(view, byNode) });
}

const bounded = (plan: DaemonPlan): DaemonPlan => {
  const remove = plan.remove.slice(0, BURST);
  return { ...plan, create: plan.create.slice(0, BURST), remove, ended: plan.ended.filter(({ pod }) => remove.includes(pod)) };
};

function planPlacement(view: DaemonView, byNode: ReadonlyMap<string, readonly Pod[]>): DaemonPlan {
  const create: string[] = [];
  const remove: Pod[] = [];
  const ended: EndedPod[] = [];
  const waits: number[] = [];
  const isSurging = updateBounds(view.set, 1).surge > 0;
  const known = new Set<string>();
  for (const node of view.nodes) {
    const nodeName = node.metadata?.name ?? '';
    known.add(nodeName);
    const there = byNode.get(nodeName) ?? [];
    const fits = eligibility(view.set, node);
    if (fits === 'none') {
      remove.push(...there.filter((pod) => !isGoing(pod)));
      continue;
    }
    if (there.length === 0) {
      if (fits === 'runs') create.push(nodeName);
      continue;
    }
    const living: Pod[] = [];
    let isWaiting = false;
    for (const pod of there.filter((p) => !isGoing(p))) {
      const waitMs = pod.status?.phase === 'Failed' ? view.failureWaitMs(nodeName) : 0;
      if (waitMs > 0) {
        isWaiting = true;
        waits.push(waitMs);
      } else if (isFinished(pod)) ended.push({ pod, nodeName });
      else living.push(pod);
    }
    if (!isSurging) remove.push(...living.slice(1));
    else if (living.length === 0 && fits === 'runs' && !isWaiting) create.push(nodeName);
    else remove.push(...surplus(view, living));
  }
  // Nobody else would collect a pod that waits for a node which is gone.
  for (const [nodeName, pods] of byNode) {
    if (!known.has(nodeName)) remove.push(...pods.filter((pod) => !pod.spec?.nodeName && !isGoing(pod)));
  }
  const all = [...ended.map(({ pod }) => pod), ...remove];
  return { create, remove: all, ended, afterMs: waits.length > 0 ? Math.min(...waits) : undefined };
}

/** Of a surge, two pods may stay: an old one that is ready, and a new one that is not available yet. `living`: senior ones first. */
function surplus(view: DaemonView, living: readonly Pod[]): Pod[] {
  if (living.length <= 1) return [];
  const newest = living.find((pod) => isCurrent(pod, view.hash));
  const old = living.find((pod) => !isCurrent(pod, view.hash));
  const rest = living.filter((pod) => pod !== newest && pod !== old);
  const isReplaced = newest && old && (!isReady(old) || isAvailable(newest, view));
  return isReplaced ? [...rest, old] : rest;
}

/** One node in an update; undefined: several pods of one kind, which placement sorts out first. */
function pairOn(pods: readonly Pod[], hash: string): { fresh: Pod | undefined; old: Pod | undefined } | undefined {
  const living = pods.filter((pod) => !isGoing(pod));
  const fresh = living.filter((pod) => isCurrent(pod, hash));
  const old = living.filter((pod) => !isCurrent(pod, hash));
  return fresh.length > 1 || old.length > 1 ? undefined : { fresh: fresh[0], old: old[0] };
}

type UpdateStep = Pick<DaemonPlan, 'create' | 'remove'>;

function planUpdate(view: DaemonView, byNode: ReadonlyMap<string, readonly Pod[]>): UpdateStep {
  const desired = view.nodes.filter((node) => eligibility(view.set, node) === 'runs').map((node) => node.metadata?.name ?? '');
  const names = [...new Set([...desired, ...byNode.keys()])];
  const bounds = updateBounds(view.set, desired.length);
  const there = names.map((name) => ({ name, pair: pairOn(byNode.get(name) ?? [], view.hash) }));
  return bounds.surge === 0 ? replaceInPlace(view, there, bounds) : surgeAhead(view, there, desired, bounds);
}

type NodePair = { readonly name: string; readonly pair: ReturnType<typeof pairOn> };

/** Old pods that are not available go at once; others as far as enough nodes stay available. */
function replaceInPlace(view: DaemonView, there: readonly NodePair[], { unavailable }: UpdateBounds): UpdateStep {
  const broken: Pod[] = [];
  const candidates: Pod[] = [];
  let missing = 0;
  for (const { pair } of there) {
    if (!pair || Boolean(pair.fresh) === Boolean(pair.old)) missing += 1;
    else if (pair.fresh) missing += isAvailable(pair.fresh, view) ? 0 : 1;
    else if (pair.old) (isAvailable(pair.old, view) ? candidates : broken).push(pair.old);
  }
  const room = Math.max(unavailable - missing - broken.length, 0);
  return { create: [], remove: [...broken, ...candidates.slice(0, room)] };
}

/**
 * New pods beside old ones, where new ones may run. Placement takes an old one away when its successor is available. Where none may run any more an old one goes when it is not
 * available, or when more are than there are nodes to serve: whoever asks for a surge wants all of them served all the time.
 */
function surgeAhead(view: DaemonView, there: readonly NodePair[], desired: readonly string[], { surge }: UpdateBounds): UpdateStep {
  const broken: string[] = [];
  const candidates: string[] = [];
  const remove: Pod[] = [];
  const leftBehind: Pod[] = [];
  const wanted = new Set(desired);
  let surging = 0;
  let available = 0;
  for (const { name, pair } of there) {
    const speaker = pair?.old ?? pair?.fresh;
    const isUp = speaker !== undefined && isAvailable(speaker, view);
    if (isUp) available += 1;
    if (!pair || (pair.old && pair.fresh)) surging += 1;
    else if (pair.old && wanted.has(name)) (isUp ? candidates : broken).push(name);
    else if (pair.old) (isUp ? leftBehind : remove).push(pair.old);
  }
  remove.push(...leftBehind.slice(0, Math.max(available - desired.length, 0)));
  return { create: [...broken, ...candidates.slice(0, Math.max(surge - surging, 0))], remove };
}
