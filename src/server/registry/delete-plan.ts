import type { ResourceDefinition } from '../../api/define.ts';
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import type { DeleteOptions } from '../../api/transport.ts';
import { rfc3339 } from '../../base/clock.ts';

/**
 * What deleting an object comes to. Sources: Kubernetes, "Finalizers", "Garbage Collection" (cascading deletion) and "Pod
 * Lifecycle" (termination of Pods).
 */
export type DeletePlan =
  /** It is being deleted already, and this request changes nothing about that. */
  | { readonly do: 'nothing' }
  /** Finalizers or a grace period hold it: the new metadata says so, and the object stays. */
  | { readonly do: 'mark'; readonly metadata: ObjectMeta }
  /** `metadata`: how it looks at its end, where grace was over when it began. */
  | { readonly do: 'remove'; readonly metadata?: ObjectMeta };

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';
/** A pod without terminationGracePeriodSeconds (schema default). */
const POD_GRACE_SECONDS = 30;
/** As much as Go's durations hold. */
const LONGEST_GRACE_SECONDS = 9_223_372_036;

type PodLike = KubeObject & { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }; status?: { phase?: string } };
type NamespaceLike = KubeObject & { spec?: { finalizers?: string[] } };

export const isNamespace = (object: KubeObject): boolean => object.kind === 'Namespace' && object.apiVersion === 'v1';
const held = (object: KubeObject): boolean => isNamespace(object) && ((object as NamespaceLike).spec?.finalizers?.length ?? 0) > 0;

/** `object` is not changed. */
export function planDelete(
  object: KubeObject,
  definition: Pick<ResourceDefinition, 'gracefulDeletion' | 'orphansByDefault'>,
  options: DeleteOptions,
  nowMs: number,
): DeletePlan {
  const meta = object.metadata ?? {};
  const finalizers = deletionFinalizers(meta.finalizers ?? [], options, definition.orphansByDefault);
  const changed = finalizers.length !== (meta.finalizers?.length ?? 0) || finalizers.some((f, i) => f !== meta.finalizers?.[i]);
  const graceSeconds = definition.gracefulDeletion ? podGraceSeconds(object as PodLike, options) : 0;
  const mayRemove = finalizers.length === 0 && !held(object);
  if (meta.deletionTimestamp) {
    if (held(object)) return { do: 'nothing' };
    return planAgain(meta, { finalizers, changed, graceSeconds, mayRemove, asked: options.gracePeriodSeconds, nowMs });
  }
  // A namespace is asked for twice, whatever holds it, and has no grace period.
  const isEnd = graceSeconds === 0 && mayRemove && !isNamespace(object);
  if (isEnd && !definition.gracefulDeletion) return { do: 'remove' };
  return {
    do: isEnd ? 'remove' : 'mark',
    metadata: {
      ...meta,
      ...(finalizers.length > 0 || meta.finalizers ? { finalizers } : {}),
      deletionTimestamp: rfc3339(nowMs + graceSeconds * 1000),
      ...(!isNamespace(object) && { deletionGracePeriodSeconds: graceSeconds }),
      ...(meta.generation !== undefined && { generation: meta.generation + 1 }),
    },
  };
}

interface Again {
  readonly finalizers: string[];
  readonly changed: boolean;
  readonly graceSeconds: number;
  readonly mayRemove: boolean;
  readonly asked: number | undefined;
  readonly nowMs: number;
}

/** A grace period may only become shorter, and not so short that it is over already: a second is left to whoever waits for it. */
function planAgain(meta: ObjectMeta, { finalizers, changed, graceSeconds, mayRemove, asked, nowMs }: Again): DeletePlan {
  const current = meta.deletionGracePeriodSeconds ?? 0;
  const shorter = asked !== undefined && graceSeconds < current;
  if (!shorter && current === 0 && mayRemove) return { do: 'remove' };
  if (!shorter && !changed) return { do: 'nothing' };
  const was = Date.parse(meta.deletionTimestamp ?? '');
  const wished = was - (current - graceSeconds) * 1000;
  const isPast = shorter && wished < nowMs;
  const remaining = shorter ? (isPast ? Math.min(graceSeconds, 1) : graceSeconds) : current;
  const deletionTimestamp = rfc3339(shorter ? Math.max(wished, nowMs) : was);
  const metadata = {
    ...meta,
    ...(finalizers.length > 0 || meta.finalizers ? { finalizers } : {}),
    deletionTimestamp,
    deletionGracePeriodSeconds: remaining,
  };
  return { do: remaining === 0 && mayRemove ? 'remove' : 'mark', metadata };
}

/** Nothing runs for a pod that no node has, or that ended: no grace. */
function podGraceSeconds({ spec, status }: PodLike, { gracePeriodSeconds }: DeleteOptions): number {
  if (!spec?.nodeName || status?.phase === 'Failed' || status?.phase === 'Succeeded') return 0;
  const seconds = Number(gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? POD_GRACE_SECONDS);
  return seconds < 0 ? 1 : Math.min(seconds, LONGEST_GRACE_SECONDS);
}

/** The garbage collector works for these two finalizers and removes them when dependents are dealt with. */
function deletionFinalizers(
  current: readonly string[],
  { propagationPolicy, orphanDependents }: DeleteOptions,
  orphansByDefault: boolean,
): string[] {
  const asked = propagationPolicy ?? (orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background');
  const decided = current.includes(ORPHAN) || current.includes(FOREGROUND);
  const policy = asked ?? (orphansByDefault && !decided ? 'Orphan' : undefined);
  if (policy === undefined) return [...current];
  const others = current.filter((name) => name !== ORPHAN && name !== FOREGROUND);
  if (policy === 'Background') return others;
  return [...others, policy === 'Orphan' ? ORPHAN : FOREGROUND];
}

/** An update that takes the last finalizer off an object being deleted, with no grace left, is its end. */
export function endsWithUpdate(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata ?? {};
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0 && !held(object);
}
