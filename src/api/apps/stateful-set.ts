import { claimSpecWarnings } from '../core/claim-warnings.ts';
import { workloadWarnings } from '../core/pod-warnings.ts';
import { templateColumns } from '../core/template-columns.ts';
import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { StatefulSet } from '../schema/generated/types.ts';
import { checkNewStatefulSet, checkStatefulSetUpdate } from './stateful-set-validation.ts';
import { checkStatefulSetStatus } from './status-validation.ts';
import { readyCell } from './workload-columns.ts';
import { defaultStatefulSet } from './workload-defaults.ts';

const templateWarnings = workloadWarnings<StatefulSet>('spec.template', ({ spec }) => spec?.template, false);

/** Upstream spells the path of claims in another way when they are updated (pkg/registry/apps/statefulset/strategy.go). */
function ownWarnings({ spec }: StatefulSet, old: StatefulSet | undefined): string[] {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = spec ?? {};
  return [
    ...volumeClaimTemplates.flatMap(({ spec: claim }, i) =>
      claim ? claimSpecWarnings(`spec.volumeClaimTemplates[${i}]${old ? '.Spec' : ''}`, claim) : [],
    ),
    ...(revisionHistoryLimit < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ];
}

export const statefulSets = defineResource<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  scope: 'Namespaced',
  nameRule: 'label',
  shortNames: ['sts'],
  categories: ['all'],
  generation: true,
  subresources: {
    scale: { kind: 'scale', specReplicas: 'spec.replicas', statusReplicas: 'status.replicas', selector: 'spec.selector' },
    status: { kind: 'status' },
  },
  columns: [
    nameColumn,
    column('Ready', 'string', readyCell, { description: 'Number of the pod with ready state' }),
    ageColumn,
    ...templateColumns((set: StatefulSet) => set.spec?.template.spec),
  ],
  hooks: {
    defaults: defaultStatefulSet,
    checksRequired: true,
    validateStatus: checkStatefulSetStatus,
    warnings: (set, old) => [...templateWarnings(set, old), ...ownWarnings(set, old)],
    validateCreate: checkNewStatefulSet,
    validateUpdate: checkStatefulSetUpdate,
  },
});
