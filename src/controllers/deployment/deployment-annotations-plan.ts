import { ROLLBACK_TO } from '../../api/apps/deployment-rollback.ts';
import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
/** On a ReplicaSet whose template admission changed: a hash of what it made of it. */
export const ADMITTED_TEMPLATE = 'deployment.minik.dev/admitted-template';

/** Annotations of a Deployment that are its own business, not that of its ReplicaSets. */
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  ADMITTED_TEMPLATE,
  ROLLBACK_TO,
]);

/** A longer revision history loses its oldest entries (upstream: maxRevHistoryLengthInChars). */
const MOST_HISTORY_CHARS = 2_000;
const MOST_REPLICAS = 2 ** 31 - 1;

type Annotations = Record<string, string>;

const annotationsOf = (object: Deployment | ReplicaSet): Annotations => object.metadata?.annotations ?? {};

export const copiedAnnotations = (object: Deployment | ReplicaSet): Annotations =>
  Object.fromEntries(Object.entries(annotationsOf(object)).filter(([key]) => !NOT_COPIED.has(key)));

/** 64 bits, as upstream counts; 0 where there is no number. */
export function revisionOf(object: Deployment | ReplicaSet): bigint {
  const text = annotationsOf(object)[REVISION] ?? '';
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n;
}

const isNumber = (text: string) => /^[+-]?\d+$/.test(text);

/** A revision that is absent counts as 0, one that is no number as none. */
export function hasRevision(object: ReplicaSet): boolean {
  const text = annotationsOf(object)[REVISION];
  return !text || isNumber(text);
}

/** undefined: nobody asks for one, or not by a number. */
export function rollbackRevision(deployment: Deployment): bigint | undefined {
  const text = annotationsOf(deployment)[ROLLBACK_TO] ?? '';
  return isNumber(text) ? BigInt(text) : undefined;
}

/** What is the Deployment's own, without the request to roll back, and the rest as `source` has it: a ReplicaSet has what the Deployment had in its time. */
export function restoredAnnotations(deployment: Deployment, source: Deployment | ReplicaSet): Annotations {
  const { [ROLLBACK_TO]: _, ...all } = annotationsOf(deployment);
  const own = Object.entries(all).filter(([key]) => NOT_COPIED.has(key));
  return { ...Object.fromEntries(own), ...copiedAnnotations(source) };
}

/** A number of replicas out of an annotation; undefined when it is absent or none. */
export function countIn(replicaSet: ReplicaSet, annotation: string): number | undefined {
  const text = annotationsOf(replicaSet)[annotation] ?? '';
  const count = /^\d+$/.test(text) ? Number(text) : undefined;
  return count !== undefined && count <= MOST_REPLICAS ? count : undefined;
}

/**
 * The annotations of the current ReplicaSet: the Deployment's, its revision, and the revisions that it had before when it was rolled back to. One whose revision is no number
 * keeps what it has.
 */
export function currentAnnotations(deployment: Deployment, replicaSet: ReplicaSet, revision: bigint): Annotations {
  const old = annotationsOf(replicaSet);
  if (old[REVISION] && !isNumber(old[REVISION])) return old;
  const annotations = { ...old, ...copiedAnnotations(deployment) };
  const before = revisionOf(replicaSet);
  if (before >= revision) return annotations;
  const history = old[REVISION] ? lengthened(old[REVISION_HISTORY] ?? '', old[REVISION]) : old[REVISION_HISTORY];
  return { ...annotations, [REVISION]: String(revision), ...(history && { [REVISION_HISTORY]: history }) };
}

function lengthened(history: string, revision: string): string {
  const revisions = history ? [...history.split(','), revision] : [revision];
  while (revisions.length > 1 && revisions.join(',').length > MOST_HISTORY_CHARS) revisions.shift();
  return revisions.join(',');
}

export const sizeAnnotations = (desired: number, most: number): Annotations => ({
  [DESIRED_REPLICAS]: String(desired),
  [MAX_REPLICAS]: String(most),
});
