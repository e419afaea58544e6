import type { PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet, StatefulSetStatus } from '../../api/schema/generated/types.ts';
import { availableAtMs, isFinished, isReady, isRefused } from '../lib/pod-state-plan.ts';
import { isStored } from '../lib/stored-form-plan.ts';
import { hasOtherController, isOfEarlierPod, withClaimOwners } from './claim-owners-plan.ts';
import { claimsOf, isInRange, memberName, memberPod, ordinalOf, ordinalsOf, repaired, revisionOf } from './identity-plan.ts';

/** One thing to do for one member. `claims`: those that are missing and come first. `wait`: a claim that is being deleted keeps the pod from being made. */
export type MemberStep =
  | { readonly do: 'create'; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly do: 'wait'; readonly pod: Pod; readonly claimGoing: string }
  | { readonly do: 'create-claims'; readonly pod: Pod; readonly claims: readonly PersistentVolumeClaim[] }
  | { readonly do: 'update-claim'; readonly pod: Pod; readonly claim: PersistentVolumeClaim; readonly isCondemned: boolean }
  | { readonly do: 'update'; readonly pod: Pod }
  | { readonly do: 'delete'; readonly pod: Pod };

/** A ControllerRevision by its name and what it restores. */
export interface Revision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

export interface Observed {
  readonly set: StatefulSet;
  /** All that the set controls. */
  readonly pods: readonly Pod[];
  /** By name, of the set's namespace. */
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
  readonly current: Revision;
  readonly update: Revision;
  readonly collisionCount: number;
  readonly nowMs: number;
}

export interface StatefulSetPlan {
  /** In order; after one that fails the rest waits for the next run. */
  readonly steps: readonly MemberStep[];
  /** Names of claims that others control, so that the retention policy does not hold for them. */
  readonly foreignClaims: readonly string[];
  /** undefined: it is right already. */
  readonly status: StatefulSetStatus | undefined;
  /** When the next ready pod becomes available, if one has to wait for minReadySeconds. */
  readonly afterMs: number | undefined;
}

const isTerminating = (pod: Pod) => pod.metadata?.deletionTimestamp !== undefined;

/** So long a pod that its node refused stays before it is made anew: the next may fare as it did, without end. */
const REFUSED_MS = 2000;

/** How long the pod has to stay. Never longer than that, should the clock have been set back. */
function stayMs(pod: Pod, nowMs: number): number {
  if (!isRefused(pod) || isTerminating(pod)) return 0;
  return Math.min(REFUSED_MS, Math.max(0, Date.parse(pod.metadata?.creationTimestamp ?? '') + REFUSED_MS - nowMs));
}

const isRunningAndReady = (pod: Pod) => pod.status?.phase === 'Running' && isReady(pod);

/** A StatefulSet's next steps (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/). */
export function planStatefulSet(observed: Observed): StatefulSetPlan {
  const { set, pods, nowMs } = observed;
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const waiting = pods
    .filter(isRunningAndReady)
    .map((pod) => (availableAtMs(pod, minReadySeconds) ?? 0) - nowMs)
    .concat(pods.map((pod) => stayMs(pod, nowMs)))
    .filter((ms) => ms > 0);
  const { steps, foreignClaims, updating } = set.metadata?.deletionTimestamp ? NOTHING : new Members(observed).plan();
  const status = statusOf(observed, updating);
  return {
    steps,
    foreignClaims,
    status: isStored(status, set.status, 'StatefulSetStatus') ? undefined : status,
    afterMs: waiting.length > 0 ? Math.min(...waiting) : undefined,
  };
}

/** `updating`: pods of the current revision that the plan ends now; they are not counted as current any more. */
function statusOf({ set, pods, current, update, collisionCount, nowMs }: Observed, updating: number): StatefulSetStatus {
  const ready = pods.filter(isRunningAndReady);
  const of = ({ name }: Revision) => pods.filter((pod) => !isTerminating(pod) && revisionOf(pod) === name).length;
  const status: StatefulSetStatus = {
    observedGeneration: set.metadata?.generation,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => (availableAtMs(pod, set.spec?.minReadySeconds ?? 0) ?? Infinity) <= nowMs).length,
    currentReplicas: Math.max(0, of(current) - updating),
    updatedReplicas: of(update),
    currentRevision: current.name,
    updateRevision: update.name,
    collisionCount,
  };
  const wanted = set.spec?.replicas ?? 1;
  const isComplete = [status.updatedReplicas, status.readyReplicas, status.replicas].every((count) => count === wanted);
  if (set.spec?.updateStrategy?.type !== 'RollingUpdate' || !isComplete) return status;
  return { ...status, currentRevision: update.name, currentReplicas: status.updatedReplicas };
}

/** How many members may be unavailable while an update goes on: a percentage is rounded down, one is always. */
function maxUnavailableOf({ spec }: StatefulSet): number {
  const value = spec?.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1;
  const count = typeof value === 'number' ? value : Math.floor((Number.parseInt(value, 10) * (spec?.replicas ?? 1)) / 100);
  return Math.max(1, count);
}

/** `next`: with the following member; `stop`: what comes later waits until this one is settled. */
type Verdict = 'next' | 'stop';

interface Turn {
  readonly steps: readonly MemberStep[];
  readonly foreignClaims: readonly string[];
  /** Pods of the current revision that are ended now. */
  readonly updating: number;
}
const NOTHING: Turn = { steps: [], foreignClaims: [], updating: 0 };

interface Member {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

/** One run over the members. Collects steps; ordered sets stop at the first member that is not settled. */
class Members {
  readonly #observed: Observed;
  readonly #steps: MemberStep[] = [];
  readonly #foreignClaims = new Set<string>();
  readonly #isOrdered: boolean;
  /** Each ordinal of the set, ascending, with its pod when it has one. */
  readonly #members: readonly Member[];
  /** Pods outside the range, highest ordinal first. */
  readonly #condemned: readonly Pod[];

  constructor(observed: Observed) {
    const { set, pods } = observed;
    const range = ordinalsOf(set);
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
    this.#observed = observed;
    this.#isOrdered = set.spec?.podManagementPolicy !== 'Parallel';
    this.#members = Array.from({ length: range.count }, (_, i) => ({ ordinal: range.start + i, pod: byOrdinal.get(range.start + i) }));
    this.#condemned = [...byOrdinal]
      .filter(([ordinal]) => ordinal !== undefined && !isInRange(range, ordinal))
      .sort(([a = 0], [b = 0]) => b - a)
      .map(([, pod]) => pod);
  }

  plan(): Turn {
    const updating = this.#isHeldUp() ? 0 : this.#rollingUpdate();
    return { steps: this.#steps, foreignClaims: [...this.#foreignClaims], updating };
  }

  /** Members first, then those that are to go; an update has to wait for both. */
  #isHeldUp(): boolean {
    for (const { ordinal, pod } of this.#members) {
      if (this.#settle(ordinal, pod) === 'stop' && this.#isOrdered) return true;
    }
    for (const pod of this.#condemned) this.#ownClaims(pod, true);
    const first = this.#firstUnavailable();
    for (const pod of this.#condemned) {
      if (this.#condemn(pod, first) === 'stop' && this.#isOrdered) return true;
    }
    return this.#observed.set.spec?.updateStrategy?.type === 'OnDelete';
  }

  #settle(ordinal: number, pod: Pod | undefined): Verdict {
    const { set, nowMs } = this.#observed;
    if (!pod) {
      this.#create(ordinal);
      return 'stop';
    }
    if (isFinished(pod)) {
      if (!isTerminating(pod) && stayMs(pod, nowMs) === 0) this.#steps.push({ do: 'delete', pod });
      return 'stop';
    }
    if (pod.status?.phase === 'Pending') this.#createClaims(ordinal, pod);
    if (this.#isOrdered && (isTerminating(pod) || !this.#isAvailable(pod))) return 'stop';
    this.#ownClaims(pod, false);
    const repair = repaired(set, pod, ordinal);
    if (repair) this.#steps.push({ do: 'update', pod: repair });
    return 'next';
  }

  #create(ordinal: number): void {
    const { set, claim, current, update } = this.#observed;
    const wanted = claimsOf(set, ordinal);
    const existing = wanted.map(({ metadata }) => claim(metadata?.name ?? ''));
    if (existing.some((found) => found && isOfEarlierPod(memberName(set, ordinal), found))) return;
    const { template, name } = this.#isKeptBack(ordinal) ? current : update;
    const pod = memberPod(set, ordinal, template, name);
    const going = existing.find((found) => found?.metadata?.deletionTimestamp);
    if (going) this.#steps.push({ do: 'wait', pod, claimGoing: going.metadata?.name ?? '' });
    else this.#steps.push({ do: 'create', pod, claims: wanted.filter((_, i) => !existing[i]) });
    for (const found of existing) if (found) this.#noteForeign(pod, found);
  }

  /** Below the partition a member that has to be made again comes back as it was. */
  #isKeptBack(ordinal: number): boolean {
    const { spec, status } = this.#observed.set;
    if (spec?.updateStrategy?.type !== 'RollingUpdate') return false;
    const kept = spec.updateStrategy.rollingUpdate ? (spec.updateStrategy.rollingUpdate.partition ?? 0) : (status?.currentReplicas ?? 0);
    return ordinal < (spec.ordinals?.start ?? 0) + kept;
  }

  #createClaims(ordinal: number, pod: Pod): void {
    const { set, claim } = this.#observed;
    const missing = claimsOf(set, ordinal).filter(({ metadata }) => !claim(metadata?.name ?? ''));
    if (missing.length > 0) this.#steps.push({ do: 'create-claims', pod, claims: missing });
    for (const { metadata } of claimsOf(set, ordinal)) {
      const found = claim(metadata?.name ?? '');
      if (found) this.#noteForeign(pod, found);
    }
  }

  #noteForeign(pod: Pod, claim: PersistentVolumeClaim): void {
    if (hasOtherController(this.#observed.set, pod, claim)) this.#foreignClaims.add(claim.metadata?.name ?? '');
  }

  #ownClaims(pod: Pod, isCondemned: boolean): void {
    const { set, claim } = this.#observed;
    const ordinal = ordinalOf(set, pod) ?? 0;
    for (const { metadata } of claimsOf(set, ordinal)) {
      const found = claim(metadata?.name ?? '');
      const changed = found && withClaimOwners(set, pod, found, isCondemned);
      if (!found || !changed) continue;
      this.#noteForeign(pod, found);
      this.#steps.push({ do: 'update-claim', pod, claim: changed, isCondemned });
    }
  }

  /** The lowest unavailable one may go although it is not ready, and so may what has ended: nothing would bring it back. */
  #condemn(pod: Pod, firstUnavailable: Pod | undefined): Verdict {
    if (isTerminating(pod)) return 'stop';
    if (this.#isOrdered && !isFinished(pod) && !this.#isAvailable(pod) && pod !== firstUnavailable) return 'stop';
    this.#steps.push({ do: 'delete', pod });
    return 'stop';
  }

  #firstUnavailable(): Pod | undefined {
    const inOrder = [...this.#members.flatMap(({ pod }) => pod ?? []), ...[...this.#condemned].reverse()];
    return inOrder.find((pod) => isTerminating(pod) || !this.#isAvailable(pod));
  }

  /** Gives how many pods of the current revision it ends. */
  #rollingUpdate(): number {
    const { maxUnavailable, partition = 0 } = this.#observed.set.spec?.updateStrategy?.rollingUpdate ?? {};
    const members = this.#members.slice(partition).reverse();
    return maxUnavailable === undefined ? this.#updateOne(members) : this.#updateSeveral(members);
  }

  /** Highest ordinal first: the first of another revision is ended, as it is; what is of the new one has to be available before the next has its turn. */
  #updateOne(members: readonly Member[]): number {
    const { current, update } = this.#observed;
    for (const { pod } of members) {
      if (!pod || isFinished(pod)) return 0;
      if (revisionOf(pod) !== update.name && !isTerminating(pod)) {
        this.#steps.push({ do: 'delete', pod });
        return revisionOf(pod) === current.name ? 1 : 0;
      }
      if (isTerminating(pod) || !this.#isAvailable(pod)) return 0;
    }
    return 0;
  }

  /** KEP-961: ends members of other revisions, highest ordinal first, as far as enough of all stay available. */
  #updateSeveral(members: readonly Member[]): number {
    const { set, current, update } = this.#observed;
    const isUp = (pod: Pod | undefined) => pod !== undefined && !isTerminating(pod) && this.#isAvailable(pod);
    let room = maxUnavailableOf(set) - this.#members.filter(({ pod }) => !isUp(pod)).length;
    let updating = 0;
    for (const { pod } of members) {
      if (!pod || isTerminating(pod) || isFinished(pod) || revisionOf(pod) === update.name) continue;
      // What is unavailable anyway costs nothing, or a broken revision could never be replaced.
      if (isUp(pod) && room <= 0) continue;
      if (isUp(pod)) room -= 1;
      if (revisionOf(pod) === current.name) updating += 1;
      this.#steps.push({ do: 'delete', pod });
    }
    return updating;
  }

  #isAvailable(pod: Pod): boolean {
    const { set, nowMs } = this.#observed;
    return isRunningAndReady(pod) && (availableAtMs(pod, set.spec?.minReadySeconds ?? 0) ?? Infinity) <= nowMs;
  }
}
