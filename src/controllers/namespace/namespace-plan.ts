import type { NamespaceCondition } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';

/** What is left of one resource in the namespace after deletion was asked for. */
export interface Remains {
  /** `pods`, `deployments.apps` */
  readonly resource: string;
  readonly count: number;
  /** Finalizer -> how many objects wait for it. */
  readonly finalizers: ReadonlyMap<string, number>;
  /** Why it could not be listed or deleted. */
  readonly error?: string;
}

export interface NamespacePlan {
  /** Nothing is left: the namespace may go. */
  readonly finalize: boolean;
  readonly conditions: NamespaceCondition[];
}

const sorted = (texts: readonly string[]) => [...texts].sort().join(', ');

/** Whether the namespace is empty, and the conditions that tell why not (upstream: namespace deletion, status_condition_utils). */
export function planFinalization(
  old: readonly NamespaceCondition[] | undefined,
  remains: readonly Remains[],
  nowMs: number,
): NamespacePlan {
  const failed = remains.filter((r) => r.error);
  const left = remains.filter((r) => r.count > 0);
  const finalizers = new Map<string, number>();
  for (const [finalizer, count] of left.flatMap((r) => [...r.finalizers]))
    finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + count);
  // The resource and its group with a dot between: `pods.` of the core group, as upstream writes it.
  const named = (resource: string) => (resource.includes('.') ? resource : `${resource}.`);
  const leftText = sorted(left.map((r) => `${named(r.resource)} has ${r.count} resource instances`));
  const finalizerText = sorted([...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`));
  const verdicts: Verdict[] = [
    verdict('NamespaceDeletionDiscoveryFailure', undefined, 'ResourcesDiscovered', 'All resources successfully discovered'),
    verdict('NamespaceDeletionGroupVersionParsingFailure', undefined, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
    verdict(
      'NamespaceDeletionContentFailure',
      failed.length > 0
        ? [
            'ContentDeletionFailed',
            `Failed to delete all resource types, ${failed.length} remaining: ${sorted(failed.map((r) => r.error ?? ''))}`,
          ]
        : undefined,
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    verdict(
      'NamespaceContentRemaining',
      left.length > 0 ? ['SomeResourcesRemain', `Some resources are remaining: ${leftText}`] : undefined,
      'ContentRemoved',
      'All content successfully removed',
    ),
    verdict(
      'NamespaceFinalizersRemaining',
      finalizers.size > 0
        ? ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${finalizerText}`]
        : undefined,
      'ContentHasNoFinalizers',
      'All content-preserving finalizers finished',
    ),
  ];
  return { finalize: failed.length === 0 && left.length === 0, conditions: verdicts.map((v) => dated(v, old, nowMs)) };
}

type Verdict = Pick<NamespaceCondition, 'type' | 'status' | 'reason' | 'message'>;

function verdict(type: string, problem: readonly [string, string] | undefined, reason: string, message: string): Verdict {
  return problem ? { type, status: 'True', reason: problem[0], message: problem[1] } : { type, status: 'False', reason, message };
}

function dated(wanted: Verdict, old: readonly NamespaceCondition[] | undefined, nowMs: number): NamespaceCondition {
  const before = old?.find((c) => c.type === wanted.type);
  const since = before?.status === wanted.status ? before.lastTransitionTime : undefined;
  return { ...wanted, lastTransitionTime: since ?? rfc3339(nowMs) };
}
