import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { PodDisruptionBudget } from '../schema/generated/types.ts';
import { checkPodDisruptionBudget, checkPodDisruptionBudgetStatus } from './pod-disruption-budget-validation.ts';

export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
  shortNames: ['pdb'],
  generation: true,
  hooks: { checksRequired: true, validate: checkPodDisruptionBudget, validateStatus: checkPodDisruptionBudgetStatus },
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Min Available', 'string', (pdb) => String(pdb.spec?.minAvailable ?? 'N/A')),
    column('Max Unavailable', 'string', (pdb) => String(pdb.spec?.maxUnavailable ?? 'N/A')),
    column('Allowed Disruptions', 'integer', (pdb) => pdb.status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
});
