import { defineResource } from '../define.ts';
import type { PodDisruptionBudget } from '../schema/generated/types.ts';

export const podDisruptionBudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  scope: 'Namespaced',
  shortNames: ['pdb'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  behaviour: 'stored-only',
});
