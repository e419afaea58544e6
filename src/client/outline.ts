import type { KubeObject } from '../api/meta/object.ts';

/**
 * Who an object is, who owns it, and what holds up its deletion: what garbage collection and counting look at, and all that is kept in memory of an object
 * whose content nobody needs (upstream's collector watches metadata alone as well).
 */
export function outlineOf<T extends KubeObject>({ apiVersion, kind, metadata }: T): T {
  const { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } = metadata ?? {};
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, ownerReferences, finalizers, deletionTimestamp } } as T;
}
