import { controllerRevisions } from '../../api/apps/controller-revision.ts';
import { daemonSets } from '../../api/apps/daemon-set.ts';
import { nodes } from '../../api/core/node.ts';
import { pods } from '../../api/core/pod.ts';
import { controllerOf, type KubeObject, objectKey } from '../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../api/meta/selectors.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ControllerRevision, DaemonSet, DaemonSetStatus, Node, Pod } from '../../api/schema/generated/types.ts';
import type { Controller, ControllerContext, ReconcileRequest } from '../../client/controller.ts';
import { applyClaim } from '../lib/apply-claim.ts';
import { isNews } from '../lib/news-plan.ts';
import { claim, ORPHAN_INDEX, orphansByNamespace } from '../lib/ownership-plan.ts';
import { createPods, deletePods, isNamespaceGoing, type NamedOwner, podOf } from '../lib/pod-control.ts';
import { REVISION_HASH_LABEL } from '../lib/revision-history-plan.ts';
import { pruneHistory, settleHistory } from './daemon-history.ts';
import { type DaemonPlan, planDaemons } from './daemon-plan.ts';
import { eligibility, templateFor } from './daemon-pod-plan.ts';
import { planDaemonStatus } from './daemon-status-plan.ts';
import { FailedPodBackoff } from './failed-pod-backoff.ts';

/** Bound pods by owner and node: is there one of this DaemonSet on that node? */
const DAEMON_INDEX = 'daemon';
const daemonKey = (ownerUid: string, nodeName: string) => `${ownerUid}/${nodeName}`;
function boundDaemons(pod: Pod): readonly string[] {
  const owner = controllerOf(pod);
  return owner?.kind === 'DaemonSet' && pod.spec?.nodeName ? [daemonKey(owner.uid, pod.spec.nodeName)] : [];
}

/** Runs one pod on every node that its template fits (https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/). */
export function daemonSet(): Controller {
  const failures = new FailedPodBackoff();
  const revisions = new KnownRevisions();
  return {
    name: 'daemonset',
    reads: ['daemonsets.apps', 'pods', 'nodes', 'controllerrevisions.apps'],
    writes: ['pods', 'controllerrevisions.apps', 'daemonsets.apps/status'],
    indexes: {
      pods: { [ORPHAN_INDEX]: orphansByNamespace, [DAEMON_INDEX]: boundDaemons },
      'controllerrevisions.apps': { [ORPHAN_INDEX]: orphansByNamespace },
    },
    enqueue: {
      pods: ownersOf,
      'controllerrevisions.apps': (revision, context, other) =>
        revisions.matters(revision, context) && isNews(revisionFacts, revision, other) ? ownersOf(revision, context) : [],
      nodes: (node, context, other) => (isNews(nodeFacts, node, other) ? concerned(node, context) : []),
    },
    reconcile: (request) => reconcile(request, failures),
  };
}

const selectorOf = ({ spec }: DaemonSet) => labelSelectorMatcher(spec?.selector);

/** The controller of the object; for an orphan every DaemonSet that could adopt it. */
function ownersOf(object: KubeObject, { informer }: ControllerContext): string[] {
  const { namespace = '', labels, deletionTimestamp } = object.metadata ?? {};
  const owner = controllerOf(object);
  if (owner) return owner.kind === 'DaemonSet' && owner.apiVersion.startsWith('apps/') ? [`${namespace}/${owner.name}`] : [];
  if (deletionTimestamp) return [];
  const sets = informer(daemonSets).by('namespace', namespace);
  return sets.filter((set) => selectorOf(set)(labels)).map(objectKey);
}

/**
 * A new revision that has its owner already is nothing to act on, as upstream: the DaemonSet that made it knows of it, and one that a client made,
 * with the data of another, must stay until there is something to do for the set.
 */
class KnownRevisions {
  readonly #uids = new Set<string>();

  /** Asked of a revision after each change. */
  matters(revision: KubeObject, { informer }: ControllerContext): boolean {
    const uid = revision.metadata?.uid ?? '';
    const isNew = !this.#uids.has(uid);
    if (informer(controllerRevisions).get(objectKey(revision))) this.#uids.add(uid);
    else this.#uids.delete(uid);
    return !isNew || !controllerOf(revision);
  }
}

/** All of a revision that a DaemonSet looks at; its labels when somebody is to adopt it. A label more is no reason to look for revisions of the same template. */
const revisionFacts = ({ metadata, revision }: KubeObject & Partial<ControllerRevision>) => {
  const { uid, deletionTimestamp, ownerReferences, labels } = metadata ?? {};
  return JSON.stringify([uid, deletionTimestamp, ownerReferences, revision, ownerReferences ? labels?.[REVISION_HASH_LABEL] : labels]);
};

/** All of a node that a DaemonSet looks at: a set that is refused its pods must not be tried again for each report of a node. */
const nodeFacts = ({ metadata, spec }: Node) => JSON.stringify([metadata?.uid, metadata?.labels, spec?.taints, spec?.unschedulable]);

/**
 * DaemonSets for which the node is not as it should be. Asked of the node before and after each change, so a change of its eligibility is always
 * noticed.
 */
function concerned(node: Node, { informer }: ControllerContext): string[] {
  const nodeName = node.metadata?.name ?? '';
  const isServed = (set: DaemonSet) => informer(pods).by(DAEMON_INDEX, daemonKey(set.metadata?.uid ?? '', nodeName)).length > 0;
  return informer(daemonSets)
    .list()
    .filter((set) => (eligibility(set, node) === 'runs') !== isServed(set))
    .map(objectKey);
}

async function reconcile(request: ReconcileRequest, failures: FailedPodBackoff) {
  const { informer, clock, key } = request;
  const set = informer(daemonSets).get(key);
  if (!set) {
    failures.forget(key);
    return undefined;
  }
  // Its revisions may be orphaned or deleted before its pods: no status could be told from what is left.
  if (set.metadata?.deletionTimestamp) return undefined;
  const owner: NamedOwner & DaemonSet = { ...set, apiVersion: 'apps/v1', kind: 'DaemonSet' };
  const selects = selectorOf(set);
  const { uid = '', namespace = '', generation = 0 } = set.metadata ?? {};
  const claimedOf = <T extends KubeObject>(all: { by(index: string, value: string): readonly T[] }) =>
    claim(set, [...all.by('owner', uid), ...all.by(ORPHAN_INDEX, namespace)], (object) => selects(object.metadata?.labels));
  const target = { resource: daemonSets, object: set };
  const owned = await applyClaim(request, target, pods, claimedOf(informer(pods)));
  const revisions = await applyClaim(request, target, controllerRevisions, claimedOf(informer(controllerRevisions)));
  const history = await settleHistory(set, revisions, owned, request);
  if (!history) return undefined;
  const view = { set, nodes: informer(nodes).list(), pods: owned, hash: history.hash, nowMs: clock.now() };
  const plan = planDaemons({ ...view, failureWaitMs: (nodeName) => failures.waitMs(key, generation, nodeName, view.nowMs) });
  for (const { pod, nodeName } of plan.ended) {
    if (pod.status?.phase === 'Failed') failures.failed(key, generation, nodeName, view.nowMs);
  }
  const failed = await act(owner, plan, history.hash, request);
  if (!failed) await pruneHistory(set, history.old, owned, request);
  const { status, afterMs } = planDaemonStatus(view);
  if (status) await writeStatus(set, status, request);
  if (failed) throw failed.error;
  return soonest(plan.afterMs, afterMs);
}

async function act(owner: NamedOwner & DaemonSet, plan: DaemonPlan, hash: string, request: ReconcileRequest) {
  for (const { pod, nodeName } of plan.ended) tellEnd(owner, pod, nodeName, request);
  const wanted = plan.create.map((nodeName) => podOf(owner, templateFor(owner, nodeName, hash)));
  const failed = await createPods(owner, wanted, request);
  const undeleted = await deletePods(owner, plan.remove, request);
  return failed && !isNamespaceGoing(failed.error) ? failed : undeleted;
}

function tellEnd(owner: NamedOwner, pod: Pod, nodeName: string, { event }: ReconcileRequest): void {
  const which = `daemon pod ${pod.metadata?.namespace}/${pod.metadata?.name} on node ${nodeName}`;
  if (pod.status?.phase === 'Failed') event(owner, 'Warning', 'FailedDaemonPod', `Found failed ${which}, will try to kill it`);
  else event(owner, 'Normal', 'SucceededDaemonPod', `Found succeeded ${which}, will try to delete it`);
}

async function writeStatus(set: DaemonSet, status: DaemonSetStatus, { client, signal }: ReconcileRequest): Promise<void> {
  const { namespace } = set.metadata ?? {};
  await client.update(daemonSets, { ...set, status }, { namespace, subresource: 'status', signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}

function soonest(...waits: (number | undefined)[]) {
  const known = waits.filter((wait) => wait !== undefined);
  return known.length > 0 ? { afterMs: Math.min(...known) } : undefined;
}
