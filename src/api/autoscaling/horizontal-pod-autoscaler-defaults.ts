import { fill } from '../meta/fill.ts';
import type { HorizontalPodAutoscaler, V2HorizontalPodAutoscaler, V2HPAScalingRules } from '../schema/generated/types.ts';
import { toV1, toV2, withoutCarried } from './horizontal-pod-autoscaler-conversion.ts';

const CPU_PERCENT = 80;
const PERIOD_SECONDS = 15;
const doubling = () => ({ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS });

export function defaultAutoscalerV2(hpa: V2HorizontalPodAutoscaler): void {
  const { metadata, spec } = hpa;
  if (metadata) hpa.metadata = withoutCarried(metadata);
  if (!spec) return;
  fill(spec, { minReplicas: 1 });
  if (!spec.metrics?.length) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } } }];
  }
  if (!spec.behavior) return;
  const up: V2HPAScalingRules = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS }, doubling()],
  };
  fill(fill(spec.behavior, { scaleUp: {} }).scaleUp ?? {}, up);
  fill(fill(spec.behavior, { scaleDown: {} }).scaleDown ?? {}, { selectPolicy: 'Max', policies: [doubling()] });
}

/** CPU is aimed at where no other metric is, which v1 carries in an annotation: one that says what is not in the fields, and nothing else. */
export function defaultAutoscalerV1(hpa: HorizontalPodAutoscaler): void {
  const { spec } = hpa;
  if (!spec) return;
  fill(spec, { minReplicas: 1, ...(!toV2(hpa).spec?.metrics?.length && { targetCPUUtilizationPercentage: CPU_PERCENT }) });
  const { metadata, status } = toV1(toV2(hpa));
  Object.assign(hpa, { metadata, ...(status && { status }) });
}
