import { controllerRevisions } from '../../api/apps/controller-revision.ts';
import { daemonSets } from '../../api/apps/daemon-set.ts';
import { pods } from '../../api/core/pod.ts';
import { controllerOf } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { ControllerRevision, DaemonSet, Pod } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { isNamespaceGoing } from '../lib/pod-control.ts';
import {
  isSameRevision,
  newControllerRevision,
  REVISION_HASH_LABEL,
  readHistory,
  revisionData,
  revisionsToPrune,
} from '../lib/revision-history-plan.ts';

const FLAVOUR = { apiVersion: 'apps/v1', kind: 'DaemonSet', hashLabel: REVISION_HASH_LABEL };

export interface SettledHistory {
  /** The value of `controller-revision-hash` on pods of the current template. */
  readonly hash: string;
  readonly old: readonly ControllerRevision[];
}

/** A revision that somebody made without the label goes by its name. */
const hashOf = ({ metadata }: ControllerRevision) => metadata?.labels?.[REVISION_HASH_LABEL] ?? metadata?.name ?? '';

/**
 * Makes sure that the current template has one revision, with the highest number. undefined: it could not be, and the next run tries
 * again (a name that is taken) or need not (a namespace that is being deleted).
 */
export async function settleHistory(
  set: DaemonSet,
  owned: readonly ControllerRevision[],
  ownedPods: readonly Pod[],
  request: ReconcileRequest,
): Promise<SettledHistory | undefined> {
  const { client, signal } = request;
  const { namespace } = set.metadata ?? {};
  const { current, duplicates, old, revision } = readHistory(set, owned);
  if (!current) {
    const created = await create(set, newControllerRevision(set, FLAVOUR, revision), request);
    return created && { hash: hashOf(created), old };
  }
  if (current.revision < revision) await client.update(controllerRevisions, { ...current, revision }, { namespace, signal });
  for (const duplicate of duplicates) await mergeInto(hashOf(current), duplicate, ownedPods, request);
  return { hash: hashOf(current), old };
}

async function create(set: DaemonSet, wanted: ControllerRevision, request: ReconcileRequest): Promise<ControllerRevision | undefined> {
  const { client, log, key, signal } = request;
  const { namespace } = set.metadata ?? {};
  try {
    return await client.create(controllerRevisions, wanted, { namespace, signal });
  } catch (error) {
    if (isNamespaceGoing(error)) return undefined;
    if (!isAlreadyExists(error)) throw error;
  }
  const name = wanted.metadata?.name ?? '';
  const taken = await client.get(controllerRevisions, name, { namespace, signal });
  if (controllerOf(taken)?.uid === set.metadata?.uid && isSameRevision(taken, revisionData(set))) return taken;
  const collisionCount = (set.status?.collisionCount ?? 0) + 1;
  log.info({ daemonSet: key, revision: name, collisionCount }, 'template hash collides with another revision');
  const body = { metadata: { resourceVersion: set.metadata?.resourceVersion }, status: { collisionCount } };
  await client.patch(daemonSets, set.metadata?.name ?? '', 'merge', body, { namespace, subresource: 'status', signal });
  return undefined;
}

/** Pods of the duplicate get the hash of the one that stays: their template is the same. */
async function mergeInto(hash: string, duplicate: ControllerRevision, ownedPods: readonly Pod[], request: ReconcileRequest): Promise<void> {
  const { client, signal } = request;
  const wrong = hashOf(duplicate);
  for (const { metadata } of ownedPods.filter((pod) => wrong !== hash && pod.metadata?.labels?.[REVISION_HASH_LABEL] === wrong)) {
    const body = { metadata: { uid: metadata?.uid, labels: { [REVISION_HASH_LABEL]: hash } } };
    await client.patch(pods, metadata?.name ?? '', 'merge', body, { namespace: metadata?.namespace, signal });
  }
  await remove(duplicate, request);
}

/** Takes away the oldest revisions beyond the limit that no pod runs any more. */
export async function pruneHistory(
  set: DaemonSet,
  old: readonly ControllerRevision[],
  ownedPods: readonly Pod[],
  request: ReconcileRequest,
): Promise<void> {
  const live = new Set(ownedPods.map((pod) => pod.metadata?.labels?.[REVISION_HASH_LABEL]));
  for (const revision of revisionsToPrune(set, old, (r) => live.has(hashOf(r)))) await remove(revision, request);
}

async function remove({ metadata }: ControllerRevision, { client, signal }: ReconcileRequest): Promise<void> {
  const { namespace, name = '', uid } = metadata ?? {};
  await client.delete(controllerRevisions, name, { namespace, delete: { preconditions: { uid } }, signal }).catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
