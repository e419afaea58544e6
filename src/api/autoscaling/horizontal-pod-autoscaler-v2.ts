import { defineResource } from '../define.ts';
import type { V2HorizontalPodAutoscaler } from '../schema/generated/types.ts';
import { autoscalerColumns } from './horizontal-pod-autoscaler-columns.ts';
import { defaultAutoscalerV2 } from './horizontal-pod-autoscaler-defaults.ts';
import { checkAutoscalerStatus, checkAutoscalerUpdate, checkNewAutoscaler } from './horizontal-pod-autoscaler-validation.ts';

export const horizontalPodAutoscalers = defineResource<V2HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  schema: 'V2HorizontalPodAutoscaler',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: { status: { kind: 'status' } },
  columns: autoscalerColumns,
  hooks: {
    defaults: defaultAutoscalerV2,
    checksRequired: true,
    validateCreate: checkNewAutoscaler,
    validateUpdate: checkAutoscalerUpdate,
    validateStatus: checkAutoscalerStatus,
  },
});
