import { workloadWarnings } from '../core/pod-warnings.ts';
import { templateColumns } from '../core/template-columns.ts';
import { column, defineResource } from '../define.ts';
import { NONE, selectorCell } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { Deployment } from '../schema/generated/types.ts';
import { normalizeRollback } from './deployment-rollback.ts';
import { checkDeploymentStatus } from './status-validation.ts';
import { readyCell } from './workload-columns.ts';
import { defaultDeployment } from './workload-defaults.ts';
import { checkDeployment, checkSelectorKept } from './workload-validation.ts';

/** Other workloads say `<none>` of a selector that takes everything. */
function deploymentSelectorCell({ spec }: Deployment): string {
  const cell = selectorCell(spec?.selector);
  if (spec?.selector === undefined || cell === NONE) return '';
  return cell === '<error>' ? '<invalid>' : cell;
}

export const deployments = defineResource<Deployment>({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  shortNames: ['deploy'],
  categories: ['all'],
  generation: true,
  // Replica sets take them over.
  countedMetadata: ['annotations'],
  statusMetadata: ['annotations', 'finalizers', 'ownerReferences'],
  subresources: {
    scale: { kind: 'scale', specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
    status: { kind: 'status' },
  },
  columns: [
    nameColumn,
    column('Ready', 'string', readyCell, { description: 'Number of the pod with ready state' }),
    column('Up-to-date', 'string', (deployment) => deployment.status?.updatedReplicas ?? 0, { of: 'DeploymentStatus.updatedReplicas' }),
    column('Available', 'string', (deployment) => deployment.status?.availableReplicas ?? 0, { of: 'DeploymentStatus.availableReplicas' }),
    ageColumn,
    ...templateColumns((deployment: Deployment) => deployment.spec?.template.spec),
    wideColumn('Selector', 'string', deploymentSelectorCell, { of: 'DeploymentSpec.selector' }),
  ],
  hooks: {
    defaults: defaultDeployment,
    prepareForCreate: normalizeRollback,
    prepareForUpdate: normalizeRollback,
    checksRequired: true,
    validate: checkDeployment,
    validateStatus: checkDeploymentStatus,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, true),
    validateUpdate: checkSelectorKept,
  },
});
