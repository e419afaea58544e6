import { defaultPodTemplate } from '../core/defaults-pod-spec.ts';
import { fill, fillZero } from '../meta/fill.ts';
import type { DaemonSet, Deployment, ReplicaSet, ReplicationController, StatefulSet } from '../schema/generated/types.ts';

const REVISIONS = 10;
const PROGRESS_DEADLINE_SECONDS = 600;

export function defaultDeployment({ spec }: Deployment): void {
  if (!spec) return;
  fill(spec, { replicas: 1, revisionHistoryLimit: REVISIONS, progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS, strategy: {} });
  const strategy = fillZero(spec.strategy ?? {}, { type: 'RollingUpdate' });
  if (strategy.type === 'RollingUpdate') {
    fill(fill(strategy, { rollingUpdate: {} }).rollingUpdate ?? {}, { maxUnavailable: '25%', maxSurge: '25%' });
  }
  defaultPodTemplate(spec.template);
}

export function defaultReplicaSet({ spec }: ReplicaSet): void {
  if (!spec) return;
  fill(spec, { replicas: 1 });
  defaultPodTemplate(spec.template);
}

/** The only workload whose selector and labels come from its template when absent. */
export function defaultReplicationController(rc: ReplicationController): void {
  if (!rc.spec) return;
  fill(rc.spec, { replicas: 1 });
  const labels = rc.spec.template?.metadata?.labels;
  if (labels) {
    if (Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels };
    rc.metadata ??= {};
    if (Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels };
  }
  defaultPodTemplate(rc.spec.template);
}

export function defaultStatefulSet({ spec }: StatefulSet): void {
  if (!spec) return;
  fillZero(spec, { podManagementPolicy: 'OrderedReady' });
  fill(spec, { replicas: 1, revisionHistoryLimit: REVISIONS, updateStrategy: {}, persistentVolumeClaimRetentionPolicy: {} });
  fillZero(spec.persistentVolumeClaimRetentionPolicy ?? {}, { whenDeleted: 'Retain', whenScaled: 'Retain' });
  const { updateStrategy: strategy = {} } = spec;
  if (!strategy.type) fill(fillZero(strategy, { type: 'RollingUpdate' }), { rollingUpdate: {} });
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) fill(strategy.rollingUpdate, { partition: 0 });
  for (const claim of spec.volumeClaimTemplates ?? []) {
    Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
    fill(claim, { status: { phase: 'Pending' } });
    if (claim.spec) fill(claim.spec, { volumeMode: 'Filesystem' });
  }
  defaultPodTemplate(spec.template);
}

export function defaultDaemonSet({ spec }: DaemonSet): void {
  if (!spec) return;
  fill(spec, { revisionHistoryLimit: REVISIONS, updateStrategy: {} });
  const strategy = fillZero(spec.updateStrategy ?? {}, { type: 'RollingUpdate' });
  if (strategy.type === 'RollingUpdate') {
    fill(fill(strategy, { rollingUpdate: {} }).rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 });
  }
  defaultPodTemplate(spec.template);
}
