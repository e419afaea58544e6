import { workloadWarnings } from '../core/pod-warnings.ts';
import { templateColumns } from '../core/template-columns.ts';
import { column, defineResource } from '../define.ts';
import { formatLabels, selectorCell } from '../meta/cells.ts';
import { ageColumn, nameColumn, wideColumn } from '../meta/columns.ts';
import type { DaemonSet } from '../schema/generated/types.ts';
import { countTemplateGeneration, showTemplateGeneration, startTemplateGeneration } from './daemon-set-generation.ts';
import { checkDaemonSetStatus } from './status-validation.ts';
import { defaultDaemonSet } from './workload-defaults.ts';
import { checkDaemonSet, checkDaemonSetUpdate } from './workload-validation.ts';

export const daemonSets = defineResource<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  scope: 'Namespaced',
  shortNames: ['ds'],
  categories: ['all'],
  generation: true,
  subresources: { status: { kind: 'status' } },
  columns: [
    nameColumn,
    column('Desired', 'integer', (set) => set.status?.desiredNumberScheduled ?? 0, { of: 'DaemonSetStatus.desiredNumberScheduled' }),
    column('Current', 'integer', (set) => set.status?.currentNumberScheduled ?? 0, { of: 'DaemonSetStatus.currentNumberScheduled' }),
    column('Ready', 'integer', (set) => set.status?.numberReady ?? 0, { of: 'DaemonSetStatus.numberReady' }),
    column('Up-to-date', 'integer', (set) => set.status?.updatedNumberScheduled ?? 0, { of: 'DaemonSetStatus.updatedNumberScheduled' }),
    column('Available', 'integer', (set) => set.status?.numberAvailable ?? 0, { of: 'DaemonSetStatus.numberAvailable' }),
    column('Node Selector', 'string', (set) => formatLabels(set.spec?.template.spec?.nodeSelector), { of: 'PodSpec.nodeSelector' }),
    ageColumn,
    ...templateColumns((set: DaemonSet) => set.spec?.template.spec),
    wideColumn('Selector', 'string', (set) => selectorCell(set.spec?.selector), { of: 'DaemonSetSpec.selector' }),
  ],
  hooks: {
    defaults(set) {
      defaultDaemonSet(set);
      showTemplateGeneration(set);
    },
    prepareForCreate: startTemplateGeneration,
    prepareForUpdate: countTemplateGeneration,
    checksRequired: true,
    validateCreate: checkDaemonSet,
    validateStatus: checkDaemonSetStatus,
    warnings: workloadWarnings('spec.template', ({ spec }) => spec?.template, false),
    validateUpdate: checkDaemonSetUpdate,
  },
});
