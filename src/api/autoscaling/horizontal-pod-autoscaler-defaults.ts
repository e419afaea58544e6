import { fill } from '../meta/fill.ts';
import type { HorizontalPodAutoscaler, V2HorizontalPodAutoscaler, V2HPAScalingRules } from '../schema/generated/types.ts';
import { METRICS } from './horizontal-pod-autoscaler-conversion.ts';

const CPU_PERCENT = 80;
const PERIOD_SECONDS = 15;
const doubling = () => ({ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS });

export function defaultAutoscalerV2({ spec }: V2HorizontalPodAutoscaler): void {
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

/** CPU is aimed at where no other metric is, which v1 carries in an annotation. */
export function defaultAutoscalerV1({ metadata, spec }: HorizontalPodAutoscaler): void {
  if (!spec) return;
  const hasMetrics = metadata?.annotations?.[METRICS] !== undefined;
  fill(spec, { minReplicas: 1, ...(!hasMetrics && { targetCPUUtilizationPercentage: CPU_PERCENT }) });
}
