import { controllerRevisions } from '../../api/apps/controller-revision.ts';
import { controllerOf } from '../../api/meta/object.ts';
import { isAlreadyExists, isNotFound } from '../../api/meta/status.ts';
import type { ControllerRevision, PodTemplateSpec, StatefulSet } from '../../api/schema/generated/types.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { byRevision, isSameRevision, newControllerRevision, nextRevision, readHistory } from '../lib/revision-history-plan.ts';
import type { Revision } from './statefulset-plan.ts';

const FLAVOUR = { apiVersion: 'apps/v1', kind: 'StatefulSet', hashLabel: 'controller.kubernetes.io/hash' };

export interface Revisions {
  /** What members were last all of, and what they are to become. */
  readonly current: Revision;
  readonly update: Revision;
  readonly collisionCount: number;
  /** All of them, the new one as well. */
  readonly all: readonly ControllerRevision[];
}

const nameOf = ({ metadata }: ControllerRevision) => metadata?.name ?? '';

function restored(revision: ControllerRevision): Revision {
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplateSpec & { $patch?: string } } }).spec.template;
  return { name: nameOf(revision), template };
}

/** The set's revisions; a template that is new, or back again, becomes the newest of them. */
export async function recordRevisions(
  set: StatefulSet,
  owned: readonly ControllerRevision[],
  request: ReconcileRequest,
): Promise<Revisions> {
  const { client, signal } = request;
  const { current: same, duplicates, old } = readHistory(set, owned);
  const others = [...old, ...duplicates];
  const next = nextRevision(others);
  let collisionCount = set.status?.collisionCount ?? 0;
  let update: ControllerRevision;
  if (same && same.revision >= next) update = same;
  else if (same) {
    const body = { metadata: { uid: same.metadata?.uid }, revision: next };
    update = await client.patch(controllerRevisions, nameOf(same), 'merge', body, { namespace: set.metadata?.namespace, signal });
  } else ({ update, collisionCount } = await create(set, next, collisionCount, request));
  const all = [...others, update].sort(byRevision);
  const current = all.find((revision) => nameOf(revision) === set.status?.currentRevision) ?? update;
  return { current: restored(current), update: restored(update), collisionCount, all };
}

/** Names are hashes of templates: one that is taken by something else is left to it, and the next is tried. */
async function create(set: StatefulSet, revision: number, collisions: number, { client, signal }: ReconcileRequest) {
  const namespace = set.metadata?.namespace;
  for (let collisionCount = collisions; ; collisionCount += 1) {
    const wanted = newControllerRevision({ ...set, status: { collisionCount } }, FLAVOUR, revision);
    try {
      return { update: await client.create(controllerRevisions, wanted, { namespace, signal }), collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const taken = await client.get(controllerRevisions, nameOf(wanted), { namespace, signal });
      const isOurs = controllerOf(taken)?.uid === set.metadata?.uid && isSameRevision(taken, wanted.data);
      if (isOurs) return { update: taken, collisionCount };
    }
  }
}

/** Deletes the oldest revisions that are in use by nobody, beyond spec.revisionHistoryLimit. `live`: names of those in use. */
export async function pruneRevisions(
  set: StatefulSet,
  { all }: Revisions,
  live: ReadonlySet<string>,
  { client, signal }: ReconcileRequest,
): Promise<void> {
  const unused = all.filter((revision) => !live.has(nameOf(revision)));
  const surplus = unused.slice(0, Math.max(0, unused.length - (set.spec?.revisionHistoryLimit ?? 10)));
  for (const revision of surplus) {
    const options = { namespace: set.metadata?.namespace, delete: { preconditions: { uid: revision.metadata?.uid } }, signal };
    await client.delete(controllerRevisions, nameOf(revision), options).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
