import type { Deployment, ReplicaSet } from '../../api/schema/generated/types.ts';
import { hasRevision, restoredAnnotations, revisionOf, rollbackRevision } from './deployment-annotations-plan.ts';
import { isSameTemplate, withoutHash } from './deployment-template-plan.ts';

/** The Deployment without the request, as it was before or as it is rolled back, and what is told of it. */
export interface RollbackPlan {
  readonly deployment: Deployment;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Does somebody ask for an earlier revision? Heard when the Deployment is neither paused nor going. */
export const wantsRollback = (deployment: Deployment): boolean =>
  rollbackRevision(deployment) !== undefined && !deployment.spec?.paused && !deployment.metadata?.deletionTimestamp;

/**
 * What comes of a request to roll back, made by the annotation that stands for the rollbackTo of extensions/v1beta1, which is gone: template and annotations of
 * that revision's ReplicaSet, or of the last one before the current when the request says 0. Whatever comes of it, it is not asked again.
 * Source: Kubernetes, deployment controller (pkg/controller/deployment/rollback.go).
 */
export function planRollback(deployment: Deployment, replicaSets: readonly ReplicaSet[]): RollbackPlan {
  const asked = rollbackRevision(deployment) ?? 0n;
  const kept = { ...deployment, metadata: { ...deployment.metadata, annotations: restoredAnnotations(deployment, deployment) } };
  const warning = (reason: string, message: string): RollbackPlan => ({ deployment: kept, type: 'Warning', reason, message });
  const revision = asked === 0n ? lastRevision(replicaSets) : asked;
  if (revision === 0n) return warning('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.');
  const found = replicaSets.find((rs) => hasRevision(rs) && revisionOf(rs) === revision);
  if (!found) return warning('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.');
  const { name } = deployment.metadata ?? {};
  if (!deployment.spec || isSameTemplate(deployment.spec.template, found.spec?.template)) {
    const message = `The rollback revision contains the same template as current deployment "${name}"`;
    return warning('DeploymentRollbackTemplateUnchanged', message);
  }
  return {
    deployment: {
      ...deployment,
      metadata: { ...deployment.metadata, annotations: restoredAnnotations(deployment, found) },
      spec: { ...deployment.spec, template: withoutHash(found.spec?.template) },
    },
    type: 'Normal',
    reason: 'DeploymentRollback',
    message: `Rolled back deployment "${name}" to revision ${revision}`,
  };
}

/** The second highest; 0 when there is none. */
function lastRevision(replicaSets: readonly ReplicaSet[]): bigint {
  const sorted = replicaSets
    .filter(hasRevision)
    .map(revisionOf)
    .sort((a, b) => Number(b - a));
  const second = sorted[1] ?? 0n;
  return second > 0n ? second : 0n;
}
