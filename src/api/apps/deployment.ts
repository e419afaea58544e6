import { workloadWarnings } from '../core/pod-warnings.ts';
import { templateColumns } from '../core/template-columns.ts';
import { column, defineResource } from '../define.ts';
import { selectorCell } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { Deployment } from '../schema/generated/types.ts';
import { readyCell } from './workload-columns.ts';
import { defaultDeployment } from './workload-defaults.ts';
import { checkDeployment, checkSelectorKept } from './workload-validation.ts';

export const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  shortNames: ['deploy'],
  categories: ['all'],
  generation: true,
  statusMetadata: ['annotations', 'finalizers', 'ownerReferences'],
  subresources: {
    scale: { kind: 'scale', specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
    status: { kind: 'status' },
  },
  columns: [
    nameColumn,
    column('Ready', 'string', readyCell),
    column('Up-to-date', 'integer', (deployment) => deployment.status?.updatedReplicas ?? 0),
    column('Available', 'integer', (deployment) => deployment.status?.availableReplicas ?? 0),
    ageColumn,
    ...templateColumns((deployment: Deployment) => deployment.spec?.template.spec),
    wideColumn('Selector', 'string', (deployment) => selectorCell(deployment.spec?.selector)),
  ],
  hooks: {
    defaults: defaultDeployment,
    checksRequired: true,
    validate: checkDeployment,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, true),
    validateUpdate: checkSelectorKept,
  },
});
