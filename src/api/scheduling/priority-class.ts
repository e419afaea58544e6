import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import { fill } from '../meta/fill.ts';
import type { PriorityClass } from '../schema/generated/types.ts';
import { checkPriorityClass, checkPriorityClassUpdate } from './priority-class-validation.ts';

export const priorityClasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  shortNames: ['pc'],
  generation: 'constant',
  columns: [
    nameColumn,
    column('Value', 'integer', (pc) => pc.value ?? 0, { of: 'PriorityClass.value' }),
    column('Global-Default', 'boolean', (pc) => pc.globalDefault ?? false, { of: 'PriorityClass.globalDefault' }),
    ageColumn,
    column('PreemptionPolicy', 'string', (pc) => pc.preemptionPolicy ?? '', { of: 'PriorityClass.preemptionPolicy' }),
  ],
  hooks: {
    defaults: (pc) => void fill(pc, { preemptionPolicy: 'PreemptLowerPriority' }),
    validateCreate: checkPriorityClass,
    validateUpdate: checkPriorityClassUpdate,
  },
});
