import { nodeLabelWarning } from '../core/node-label-warnings.ts';
import { column, defineResource } from '../define.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type { RuntimeClass } from '../schema/generated/types.ts';
import { checkRuntimeClass, checkRuntimeClassUpdate } from './runtime-class-validation.ts';

export const runtimeClasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  scope: 'Cluster',
  columns: [nameColumn, column('Handler', 'string', (runtimeClass) => runtimeClass.handler ?? ''), ageColumn],
  hooks: {
    warnings: ({ scheduling }) =>
      Object.keys(scheduling?.nodeSelector ?? {}).flatMap((key) => nodeLabelWarning('scheduling.nodeSelector', key)),
    checksRequired: true,
    validate: checkRuntimeClass,
    validateUpdate: checkRuntimeClassUpdate,
  },
});
