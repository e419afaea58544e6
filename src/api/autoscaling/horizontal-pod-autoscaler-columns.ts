import { type Column, column } from '../define.ts';
import { NONE, UNKNOWN, UNSET } from '../meta/cells.ts';
import { ageColumn, nameColumn } from '../meta/columns.ts';
import type {
  V2HorizontalPodAutoscaler as Autoscaler,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '../schema/generated/types.ts';

const MAX_SHOWN = 2;

/** Metrics that are counted: per pod on average, or in total. */
function valueCell(current: V2MetricValueStatus | undefined, target: V2MetricTarget): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current?.value ?? UNKNOWN}/${target.value ?? UNKNOWN}`;
}

/** Metrics of a resource: an amount per pod, or a share of what was requested. */
function resourceCell(name: string, current: V2MetricValueStatus | undefined, target: V2MetricTarget): string {
  if (target.averageValue !== undefined) return `${name}: ${current?.averageValue ?? UNKNOWN}/${target.averageValue}`;
  const share = current?.averageUtilization === undefined ? UNKNOWN : `${current.averageUtilization}%`;
  return `${name}: ${share}/${target.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`}`;
}

function metricCell(metric: V2MetricSpec, status: V2MetricStatus | undefined): string {
  if (metric.external) return valueCell(status?.external?.current, metric.external.target);
  if (metric.object) return valueCell(status?.object?.current, metric.object.target);
  if (metric.pods) return `${status?.pods?.current.averageValue ?? UNKNOWN}/${metric.pods.target.averageValue ?? UNKNOWN}`;
  if (metric.resource) return resourceCell(metric.resource.name, status?.resource?.current, metric.resource.target);
  if (metric.containerResource) {
    return resourceCell(metric.containerResource.name, status?.containerResource?.current, metric.containerResource.target);
  }
  return '<unknown type>';
}

function targetsCell({ spec, status }: Autoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const cells = metrics.map((metric, index) => metricCell(metric, status?.currentMetrics?.[index]));
  const shown = cells.slice(0, MAX_SHOWN).join(', ');
  return cells.length > MAX_SHOWN ? `${shown} + ${cells.length - MAX_SHOWN} more...` : shown;
}

export const autoscalerColumns: readonly Column<Autoscaler>[] = [
  nameColumn,
  column('Reference', 'string', ({ spec }: Autoscaler) => `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`, {
    of: 'V2HorizontalPodAutoscalerSpec.scaleTargetRef',
  }),
  column('Targets', 'string', targetsCell, { of: 'V2HorizontalPodAutoscalerSpec.metrics' }),
  column('MinPods', 'string', ({ spec }: Autoscaler) => (spec?.minReplicas === undefined ? UNSET : String(spec.minReplicas)), {
    of: 'V2HorizontalPodAutoscalerSpec.minReplicas',
  }),
  column('MaxPods', 'string', ({ spec }: Autoscaler) => spec?.maxReplicas ?? 0, { of: 'V2HorizontalPodAutoscalerSpec.maxReplicas' }),
  column('Replicas', 'string', ({ status }: Autoscaler) => status?.currentReplicas ?? 0, {
    of: 'V2HorizontalPodAutoscalerStatus.currentReplicas',
  }),
  ageColumn,
];
