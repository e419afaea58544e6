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
  nameRule: 'path',
  shortNames: ['pdb'],
  generation: true,
  hooks: { checksRequired: true, validate: checkPodDisruptionBudget, validateStatus: checkPodDisruptionBudgetStatus },
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Min Available', 'string', (pdb) => String(pdb.spec?.minAvailable ?? 'N/A'), {
      description: 'The minimum number of pods that must be available.',
    }),
    column('Max Unavailable', 'string', (pdb) => String(pdb.spec?.maxUnavailable ?? 'N/A'), {
      description: 'The maximum number of pods that may be unavailable.',
    }),
    column('Allowed Disruptions', 'integer', (pdb) => pdb.status?.disruptionsAllowed ?? 0, {
      description: 'Calculated number of pods that may be disrupted at this time.',
    }),
    ageColumn,
  ],
});
