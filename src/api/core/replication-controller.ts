import { replicaColumns } from '../apps/workload-columns.ts';
import { defaultReplicationController } from '../apps/workload-defaults.ts';
import { defineResource } from '../define.ts';
import { formatLabels } from '../meta/cells.ts';
import type { ReplicationController } from '../schema/generated/types.ts';
import { workloadWarnings } from './pod-warnings.ts';
import { checkReplicationController, checkReplicationControllerStatus } from './validation-replication-controller.ts';

export const replicationControllers = defineResource<ReplicationController>({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  scope: 'Namespaced',
  nameRule: 'longName',
  shortNames: ['rc'],
  categories: ['all'],
  generation: true,
  orphansByDefault: true,
  subresources: {
    scale: { kind: 'scale', specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
    status: { kind: 'status' },
  },
  fieldSelectors: { 'status.replicas': (rc) => String(rc.status?.replicas ?? 0) },
  columns: replicaColumns('ReplicationController', (rc) => formatLabels(rc.spec?.selector)),
  hooks: {
    defaults: defaultReplicationController,
    checksRequired: true,
    validate: checkReplicationController,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, true, { ofOld: true }),
    validateStatus: checkReplicationControllerStatus,
  },
});
