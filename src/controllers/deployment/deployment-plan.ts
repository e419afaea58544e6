import type { Deployment, DeploymentStatus, ReplicaSet } from '../../api/schema/generated/types.ts';
import { ownerReference } from '../lib/ownership-plan.ts';
import { isStored } from '../lib/stored-form-plan.ts';
import { canonical, templateHash } from '../lib/template-hash-plan.ts';
import { copiedAnnotations, currentAnnotations, REVISION, revisionOf, sizeAnnotations } from './deployment-annotations-plan.ts';
import { isComplete, planDeploymentStatus, type RolloutNews } from './deployment-status-plan.ts';
import { findCurrent, HASH_LABEL } from './deployment-template-plan.ts';
import { planRollback, type RollbackPlan, wantsRollback } from './rollback-plan.ts';
import {
  type Bounds,
  boundsOf,
  isScaling,
  nextSize,
  oldestFirst,
  proportionalSizes,
  type Sizes,
  shrinkOld,
  sizeOf,
} from './rolling-plan.ts';

/** Of any object's name. */
const MOST_NAME_CHARS = 253;

/** One step of a rollout. Each is small; the next one is planned when the cluster shows what this one did. */
export type RolloutStep =
  | { readonly do: 'create'; readonly replicaSet: ReplicaSet }
  | { readonly do: 'update'; readonly replicaSet: ReplicaSet; readonly was: ReplicaSet }
  | { readonly do: 'delete'; readonly replicaSet: ReplicaSet };

export interface RolloutPlan {
  readonly steps: readonly RolloutStep[];
  /** The value of the Deployment's revision annotation when it is to change. */
  readonly revision: string | undefined;
  /** undefined: it is right already. */
  readonly status: DeploymentStatus | undefined;
  readonly afterMs: number | undefined;
  /** Comes of a request to roll back. Nothing else happens in that run. */
  readonly rollback?: RollbackPlan;
}

export interface RolloutView {
  readonly deployment: Deployment;
  /** Owned ones. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Is there any pod of an old ReplicaSet that has not ended? Recreate waits for them. */
  readonly hasOldPods: (old: readonly ReplicaSet[]) => boolean;
  readonly nowMs: number;
}

const DEFAULT_HISTORY = 10;

export function planRollout(view: RolloutView): RolloutPlan {
  const { deployment, replicaSets } = view;
  const current = findCurrent(deployment, replicaSets);
  const old = replicaSets.filter((rs) => rs !== current);
  const isGoing = deployment.metadata?.deletionTimestamp !== undefined;
  const turn = isGoing ? NOTHING_NEW : pauseNews(deployment);
  const news = turn.is === 'nothing' ? found(current) : turn;
  const bounds = boundsOf(deployment);
  const isHeld = isGoing || deployment.spec?.paused || turn.is !== 'nothing';
  // Recreate has one active ReplicaSet at a time: its rollout sizes it.
  const isResizing = deployment.spec?.strategy?.type !== 'Recreate' && isScaling(replicaSets, bounds.desired);
  const isRollout = !isHeld && !isResizing;
  const refreshed = current && refresh(deployment, current, old);
  if (refreshed) return conclude(view, current, { steps: [refreshed], news, isRollout });
  if (isGoing) return conclude(view, current, { steps: [], news });
  if (wantsRollback(deployment)) return prepareRollback(view, bounds, current, old, news);
  if (isRollout) return conclude(view, current, { ...rollOut(view, bounds, current, old), isRollout });
  const steps = resize(deployment, bounds, proportionalSizes(deployment, current, old, bounds));
  return conclude(view, current, { steps: isHeld && steps.length === 0 ? cleanUp(deployment, old) : steps, news });
}

interface Turn {
  readonly steps: readonly RolloutStep[];
  readonly news: RolloutNews;
  /** Its progress is judged: not while sizes change, or it is paused or going. */
  readonly isRollout?: boolean;
}

const NOTHING_NEW: RolloutNews = { is: 'nothing' };
const found = (current: ReplicaSet | undefined): RolloutNews =>
  current ? { is: 'found', name: current.metadata?.name ?? '' } : NOTHING_NEW;

/** Pausing and resuming are told once each; a paused Deployment's deadline does not run. */
function pauseNews({ spec, status }: Deployment): RolloutNews {
  const reason = status?.conditions?.find((c) => c.type === 'Progressing')?.reason;
  if (reason === 'ProgressDeadlineExceeded') return { is: 'nothing' };
  if (spec?.paused && reason !== 'DeploymentPaused') return { is: 'paused' };
  if (!spec?.paused && reason === 'DeploymentPaused') return { is: 'resumed' };
  return { is: 'nothing' };
}

/** The template that is left gets its revision before, so that it can be gone back to. */
function prepareRollback(
  view: RolloutView,
  bounds: Bounds,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  news: RolloutNews,
): RolloutPlan {
  if (current) return { ...conclude(view, current, { steps: [], news }), rollback: planRollback(view.deployment, view.replicaSets) };
  const strategy = view.deployment.spec?.strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate';
  return conclude(view, undefined, { steps: [{ do: 'create', replicaSet: newReplicaSet(view.deployment, old, bounds, strategy) }], news });
}

function rollOut(view: RolloutView, bounds: Bounds, current: ReplicaSet | undefined, old: readonly ReplicaSet[]): Turn {
  const { deployment } = view;
  const isRecreate = deployment.spec?.strategy?.type === 'Recreate';
  if (isRecreate) {
    const stopping = resize(deployment, bounds, new Map(old.filter((rs) => sizeOf(rs) > 0).map((rs) => [rs, 0])));
    if (stopping.length > 0 || view.hasOldPods(old) || !old.every(isEmpty)) return { steps: stopping, news: found(current) };
  }
  const strategy = isRecreate ? 'Recreate' : 'RollingUpdate';
  if (!current) {
    const replicaSet = newReplicaSet(deployment, old, bounds, strategy);
    return { steps: [{ do: 'create', replicaSet }], news: { is: 'created', name: replicaSet.metadata?.name ?? '' } };
  }
  const news = found(current);
  const size = nextSize(sizeOf(current), [current, ...old], bounds, strategy);
  if (size !== sizeOf(current)) return { steps: resize(deployment, bounds, new Map([[current, size]])), news };
  const shrunk = isRecreate ? [] : resize(deployment, bounds, shrinkOld(current, old, bounds));
  if (shrunk.length > 0) return { steps: shrunk, news };
  const isDone = deployment.status !== undefined && isComplete(deployment, deployment.status);
  return { steps: isDone ? cleanUp(deployment, old) : [], news };
}

/** Has no pods by its own account, and has heard that it is to have none: pods that it makes meanwhile are not in anybody's cache yet. */
const isEmpty = ({ metadata, status }: ReplicaSet): boolean =>
  (status?.replicas ?? 0) === 0 && (metadata?.generation ?? 0) <= (status?.observedGeneration ?? 0);

function conclude(
  { deployment, replicaSets, nowMs }: RolloutView,
  current: ReplicaSet | undefined,
  { steps, news, isRollout = false }: Turn,
): RolloutPlan {
  const { status, afterMs } = planDeploymentStatus({ deployment, current, all: replicaSets, news, isRollout, nowMs });
  const created = steps.find((step) => step.do === 'create')?.replicaSet;
  const revision = (created ?? current)?.metadata?.annotations?.[REVISION];
  return {
    steps,
    revision: revision !== deployment.metadata?.annotations?.[REVISION] ? revision : undefined,
    status: isStored(status, deployment.status, 'DeploymentStatus') ? undefined : status,
    afterMs,
  };
}

function nextRevision(old: readonly ReplicaSet[]): bigint {
  let most = 0n;
  for (const revision of old.map(revisionOf)) if (revision > most) most = revision;
  return most + 1n;
}

function newReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], bounds: Bounds, strategy: string): ReplicaSet {
  const { name, namespace } = deployment.metadata ?? {};
  const { template, selector, minReadySeconds } = deployment.spec ?? {};
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template?.metadata?.labels, [HASH_LABEL]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name?.slice(0, MOST_NAME_CHARS - hash.length - 1)}-${hash}`,
      namespace,
      labels,
      annotations: {
        ...copiedAnnotations(deployment),
        [REVISION]: String(nextRevision(old)),
        ...sizeAnnotations(bounds.desired, bounds.desired + bounds.surge),
      },
      ownerReferences: [ownerReference(deployment, 'apps/v1', 'Deployment')],
    },
    spec: {
      replicas: nextSize(0, old, bounds, strategy),
      minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template?.metadata, labels } },
    },
  };
}

/** Annotations, revision and minReadySeconds of the current ReplicaSet follow the Deployment. A rollback makes an old one the newest. */
function refresh(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): RolloutStep | undefined {
  const annotations = currentAnnotations(deployment, current, nextRevision(old));
  const { minReadySeconds } = deployment.spec ?? {};
  const isSame =
    canonical(annotations) === canonical(current.metadata?.annotations ?? {}) &&
    (minReadySeconds ?? 0) === (current.spec?.minReadySeconds ?? 0);
  if (isSame || !current.spec) return undefined;
  const replicaSet = { ...current, metadata: { ...current.metadata, annotations }, spec: { ...current.spec, minReadySeconds } };
  return { do: 'update', replicaSet, was: current };
}

/** Sets sizes, and the annotations that a later proportional scaling works from. */
function resize(deployment: Deployment, { desired, surge }: Bounds, sizes: Sizes): RolloutStep[] {
  const isRecreate = deployment.spec?.strategy?.type === 'Recreate';
  const marks = sizeAnnotations(desired, desired + (isRecreate ? 0 : surge));
  const steps: RolloutStep[] = [];
  for (const [was, replicas] of sizes) {
    const annotations = { ...was.metadata?.annotations, ...marks };
    if (!was.spec || (replicas === sizeOf(was) && canonical(annotations) === canonical(was.metadata?.annotations ?? {}))) continue;
    steps.push({ do: 'update', was, replicaSet: { ...was, metadata: { ...was.metadata, annotations }, spec: { ...was.spec, replicas } } });
  }
  return steps;
}

/** Old, empty and settled ReplicaSets beyond spec.revisionHistoryLimit, the oldest revisions first. */
function cleanUp({ spec }: Deployment, old: readonly ReplicaSet[]): RolloutStep[] {
  const living = old.filter((rs) => !rs.metadata?.deletionTimestamp);
  const surplus = living.length - (spec?.revisionHistoryLimit ?? DEFAULT_HISTORY);
  if (surplus <= 0) return [];
  return [...living]
    .sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || oldestFirst(a, b))
    .slice(0, surplus)
    .filter((rs) => sizeOf(rs) === 0 && isEmpty(rs))
    .map((replicaSet) => ({ do: 'delete', replicaSet }));
}
