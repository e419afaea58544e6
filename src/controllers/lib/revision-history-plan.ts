import type { KubeObject } from '../../api/meta/object.ts';
import type { ControllerRevision } from '../../api/schema/generated/types.ts';
import { decodeErrors, pruneUnknown } from '../../api/schema/index.ts';
import { sortedFields } from '../../base/sorted-fields.ts';
import { ownerReference } from './ownership-plan.ts';
import { canonical, templateHash } from './template-hash-plan.ts';

/** On pods and on a DaemonSet's ControllerRevisions: which revision they are of. */
export const REVISION_HASH_LABEL = 'controller-revision-hash';

/** What of an owner's name goes into the names of its revisions; room for a hash is left (upstream: ControllerRevisionName). */
const MAX_PREFIX = 223;

/** Kinds whose templates are kept as ControllerRevisions. */
export interface RevisionOwner extends KubeObject {
  spec?: { template?: { metadata?: { labels?: Record<string, string> } }; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
}

export interface RevisionFlavour {
  readonly apiVersion: string;
  readonly kind: string;
  /** The label of the revision that has its hash: `controller-revision-hash` for DaemonSets, `controller.kubernetes.io/hash` for StatefulSets. */
  readonly hashLabel: string;
}

/**
 * A strategic merge patch that puts the owner's template back: what `kubectl rollout undo` sends. Its keys are sorted as upstream's are, whose clients compare the
 * bytes.
 */
export const revisionData = (owner: RevisionOwner): Record<string, unknown> => ({
  spec: { template: sortedFields({ ...owner.spec?.template, $patch: 'replace' }) },
});

export const isSameRevision = (revision: ControllerRevision, data: unknown): boolean => canonical(revision.data) === canonical(data);

/** The template as it would be stored today: of an earlier version of the server it may have zeros that say nothing. undefined: it is none. */
function templateText(data: unknown): string | undefined {
  const template = (data as { spec?: { template?: unknown } } | undefined)?.spec?.template;
  if (typeof template !== 'object' || template === null || decodeErrors(template, TEMPLATE)) return undefined;
  return canonical(pruneUnknown(template, TEMPLATE).object);
}

const TEMPLATE = 'PodTemplateSpec';

/** Those of the very template; those that differ from it by such zeros alone where there are none. */
function revisionsOf(owned: readonly ControllerRevision[], data: unknown): readonly ControllerRevision[] {
  const same = owned.filter((revision) => isSameRevision(revision, data));
  const text = same.length > 0 || owned.length === 0 ? undefined : templateText(data);
  return text === undefined ? same : owned.filter((revision) => templateText(revision.data) === text);
}

const nameOf = (revision: ControllerRevision) => revision.metadata?.name ?? '';
const createdAt = (revision: ControllerRevision) => revision.metadata?.creationTimestamp ?? '';

/** By number; equal ones by age, then by name. */
export const byRevision = (a: ControllerRevision, b: ControllerRevision): number =>
  Number(a.revision) - Number(b.revision) ||
  (createdAt(a) === createdAt(b) ? (nameOf(a) < nameOf(b) ? -1 : 1) : Date.parse(createdAt(a)) - Date.parse(createdAt(b)));

/** The number above all of these; 1 for none. */
export const nextRevision = (revisions: readonly ControllerRevision[]): number =>
  Math.max(0, ...revisions.map((r) => Number(r.revision))) + 1;

export interface RevisionHistory {
  /** The newest revision of the owner's template; undefined: it has none yet. */
  readonly current: ControllerRevision | undefined;
  /** Older revisions of the same template: there for no good. */
  readonly duplicates: readonly ControllerRevision[];
  /** Revisions of other templates, oldest first. */
  readonly old: readonly ControllerRevision[];
  /** What `current` is to be numbered. Higher than what it is: an older template was put back. */
  readonly revision: number;
}

/** Tells the current revision from the others. `owned`: all that the owner controls. */
export function readHistory(owner: RevisionOwner, owned: readonly ControllerRevision[]): RevisionHistory {
  const data = revisionData(owner);
  const sorted = [...owned].sort(byRevision);
  const same = revisionsOf(sorted, data);
  const old = sorted.filter((revision) => !same.includes(revision));
  const current = same.at(-1);
  return { current, duplicates: same.slice(0, -1), old, revision: Math.max(Number(current?.revision ?? 0), nextRevision(old)) };
}

/** The revision of the owner's template. Another status.collisionCount gives another name. */
export function newControllerRevision(owner: RevisionOwner, flavour: RevisionFlavour, revision: number): ControllerRevision {
  const { name = '', namespace, annotations } = owner.metadata ?? {};
  const data = revisionData(owner);
  const hash = templateHash(data, owner.status?.collisionCount);
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name.slice(0, MAX_PREFIX)}-${hash}`,
      namespace,
      labels: { ...owner.spec?.template?.metadata?.labels, [flavour.hashLabel]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [ownerReference(owner, flavour.apiVersion, flavour.kind)],
    },
    data,
    revision,
  };
}

/**
 * The oldest revisions beyond spec.revisionHistoryLimit (10 when absent). `old`: as `readHistory` tells them; those that `isLive` (pods
 * run them) stay, and the limit is then met by younger ones that no pod runs, as in a DaemonSet's history.
 */
export function revisionsToPrune(
  owner: RevisionOwner,
  old: readonly ControllerRevision[],
  isLive: (revision: ControllerRevision) => boolean,
): ControllerRevision[] {
  const surplus = old.length - (owner.spec?.revisionHistoryLimit ?? 10);
  if (surplus <= 0) return [];
  return [...old]
    .sort(byRevision)
    .filter((revision) => !isLive(revision))
    .slice(0, surplus);
}
