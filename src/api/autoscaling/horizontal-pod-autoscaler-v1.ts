import { defineResource } from '../define.ts';
import type { HorizontalPodAutoscaler, V2HorizontalPodAutoscaler } from '../schema/generated/types.ts';
import { autoscalerColumns } from './horizontal-pod-autoscaler-columns.ts';
import { toV1, toV2 } from './horizontal-pod-autoscaler-conversion.ts';
import { defaultAutoscalerV1 } from './horizontal-pod-autoscaler-defaults.ts';
import { checkAutoscalerStatus, checkAutoscalerUpdate, checkNewAutoscaler } from './horizontal-pod-autoscaler-validation.ts';

/** The older version of the same stored objects. What v1 has no field for travels in annotations. */
export const horizontalPodAutoscalersV1 = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v1',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  scope: 'Namespaced',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: { status: { kind: 'status' } },
  storedAs: {
    group: 'autoscaling',
    version: 'v2',
    plural: 'horizontalpodautoscalers',
    toStored: toV2,
    fromStored: (stored) => toV1(stored as V2HorizontalPodAutoscaler),
  },
  columns: autoscalerColumns.map((c) => ({ ...c, value: (hpa, nowMs) => c.value(toV2(hpa), nowMs) })),
  hooks: {
    defaults: defaultAutoscalerV1,
    checksRequired: true,
    validateCreate: (hpa) => checkNewAutoscaler(toV2(hpa)),
    validateUpdate: (hpa, old) => checkAutoscalerUpdate(toV2(hpa), toV2(old)),
    validateStatus: (hpa) => checkAutoscalerStatus(toV2(hpa)),
  },
});
