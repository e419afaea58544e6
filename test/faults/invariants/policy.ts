import { resourceId } from '../../../src/api/define.ts';
import { registry } from '../../../src/api/index.ts';
import type { KubeObject } from '../../../src/api/meta/object.ts';
import type { Pod, PodDisruptionBudget, ResourceQuota } from '../../../src/api/schema/generated/types.ts';
import { isActive, isOver, isReady } from '../pod-facts.ts';
import type { Invariant } from './invariant.ts';

/** It should be gone by now: quotas do not count it any more (upstream: QuotaV1Pod). */
const isOverdue = ({ metadata }: Pod, nowMs: number) => Date.parse(metadata?.deletionTimestamp ?? '') <= nowMs;

/** Pods that have ended do not count. A quota that is lowered below what is there refuses more, and takes nothing away. */
export const quotaHolds: Invariant = {
  name: 'a ResourceQuota is never exceeded',
  check({ resource, before, after }, { truth, history, nowMs }) {
    if (resource !== 'pods' || before || !after) return undefined;
    const { namespace } = after.metadata ?? {};
    const quotas = truth.all<ResourceQuota>('resourcequotas').filter((q) => q.metadata?.namespace === namespace);
    for (const quota of quotas) {
      const most = Math.max(
        ...history
          .recent('resourcequotas', quota)
          .slice(-2)
          .map((q) => Number(q.spec?.hard?.pods)),
      );
      const used = truth
        .all<Pod>('pods')
        .filter((pod) => pod.metadata?.namespace === namespace && !isOver(pod) && !isOverdue(pod, nowMs)).length;
      if (used > most) return `${used} pods, at most ${most} allowed`;
    }
    return undefined;
  },
};

/** Upstream's promise: an eviction is granted when the budget's count, which may be a little old, allows it. */
export const budgetHolds: Invariant = {
  name: 'an eviction leaves as many healthy pods as the budget asks for',
  check({ resource, before, after, by }, { truth, history }) {
    const pod = before as Pod;
    if (resource !== 'pods' || by !== 'user: evict' || !pod || !isActive(pod) || !isReady(pod) || (after && isActive(after as Pod)))
      return undefined;
    const budget = truth
      .all<PodDisruptionBudget>('poddisruptionbudgets.policy')
      .find(({ spec }) => spec?.selector?.matchLabels?.app === pod.metadata?.labels?.app);
    if (!budget) return undefined;
    const matching = [...history.lives].filter((life) => life.pod.metadata?.labels?.app === pod.metadata?.labels?.app);
    const left = matching.filter((life) => life.endedBy !== 'user: evict' && history.isBelieved(life, 'ready')).length;
    const least = Number(budget.spec?.minAvailable);
    return left < least ? `${left} healthy pods left, ${least} wanted` : undefined;
  },
};

const holdsDependents = ({ metadata }: KubeObject) =>
  metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes('foregroundDeletion');

/** Owners in these scenarios are of built-in kinds, each in one version. */
const resourceOf = (kind: string): string => resourceIds.get(kind) ?? '';
const resourceIds = new Map(registry.all.map((definition) => [definition.kind, resourceId(definition)]));

export const ownersOutliveNobody: Invariant = {
  name: 'the garbage collector deletes nothing whose owner lives',
  check({ before, after, by }, { truth }) {
    if (by !== 'garbage-collector' || !before || before.metadata?.deletionTimestamp || (after && !after.metadata?.deletionTimestamp))
      return undefined;
    const living = (before.metadata?.ownerReferences ?? []).filter(({ kind, name, uid }) => {
      const owner = truth.get<KubeObject>(resourceOf(kind), `${before.metadata?.namespace}/${name}`);
      return owner?.metadata?.uid === uid && !holdsDependents(owner);
    });
    return living.length > 0
      ? `${before.metadata?.name} deleted although ${living.map((o) => `${o.kind} ${o.name}`).join(', ')} lives`
      : undefined;
  },
};
