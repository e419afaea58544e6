import { workloadWarnings } from '../core/pod-warnings.ts';
import { defineResource } from '../define.ts';
import { selectorCell } from '../meta/cells.ts';
import type { ReplicaSet } from '../schema/generated/types.ts';
import { checkReplicaSetStatus } from './status-validation.ts';
import { replicaColumns } from './workload-columns.ts';
import { defaultReplicaSet } from './workload-defaults.ts';
import { checkReplicaSet, checkSelectorKept } from './workload-validation.ts';

export const replicaSets = defineResource<ReplicaSet>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  scope: 'Namespaced',
  shortNames: ['rs'],
  categories: ['all'],
  generation: true,
  subresources: {
    scale: { kind: 'scale', specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
    status: { kind: 'status' },
  },
  columns: replicaColumns('ReplicaSet', (rs) => selectorCell(rs.spec?.selector)),
  hooks: {
    defaults: defaultReplicaSet,
    checksRequired: true,
    validate: checkReplicaSet,
    validateStatus: checkReplicaSetStatus,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, true),
    validateUpdate: checkSelectorKept,
  },
});
