import type {
  V2CrossVersionObjectReference,
  V2HorizontalPodAutoscalerBehavior,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '../schema/generated/types.ts';

/**
 * How autoscaling/v1 writes metrics and behavior into annotations: metrics in the words of its own (unpublished) types, behavior in those of Go's internal ones, with
 * capitals. Both are part of the API: clients of v1 read them and write them.
 */
type Fields = Readonly<Record<string, unknown>>;

/** Fields that are undefined are absent, as Go leaves them out. */
const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

type Source = {
  metric: V2MetricIdentifier;
  target?: V2MetricTarget;
  current?: V2MetricValueStatus;
  describedObject?: V2CrossVersionObjectReference;
};
type Side = 'target' | 'current';

const NAMES = {
  target: { value: 'targetValue', averageValue: 'targetAverageValue', averageUtilization: 'targetAverageUtilization' },
  current: { value: 'currentValue', averageValue: 'currentAverageValue', averageUtilization: 'currentAverageUtilization' },
} as const;

export const specToV1 = (metric: V2MetricSpec): Fields => metricToV1(metric, 'target');
export const statusToV1 = (metric: V2MetricStatus): Fields => metricToV1(metric, 'current');
export const specFromV1 = (metric: Fields): V2MetricSpec => metricFromV1(metric, 'target') as unknown as V2MetricSpec;
export const statusFromV1 = (metric: Fields): V2MetricStatus => metricFromV1(metric, 'current') as unknown as V2MetricStatus;

function metricToV1(metric: V2MetricSpec | V2MetricStatus, side: Side): Fields {
  const names = NAMES[side];
  const { type, resource, containerResource, pods, object, external } = metric as Readonly<Record<string, never>> & { type: string };
  // What was measured is always there.
  const none = side === 'current' ? '0' : undefined;
  const amounts = (source: Source) => source[side] ?? ({} as V2MetricTarget & V2MetricValueStatus);
  const ofResource = (source: (Source & { name: string; container?: string }) | undefined) =>
    source &&
    present({
      name: source.name,
      [names.averageUtilization]: amounts(source).averageUtilization,
      [names.averageValue]: amounts(source).averageValue ?? none,
      container: source.container,
    });
  const [ofPods, ofObject, ofExternal] = [pods, object, external] as (Source | undefined)[];
  return present({
    type,
    object:
      ofObject &&
      present({
        target: ofObject.describedObject,
        metricName: ofObject.metric.name,
        [names.value]: amounts(ofObject).value ?? '0',
        selector: ofObject.metric.selector,
        averageValue: amounts(ofObject).averageValue,
      }),
    pods:
      ofPods &&
      present({
        metricName: ofPods.metric.name,
        [names.averageValue]: amounts(ofPods).averageValue ?? none,
        selector: ofPods.metric.selector,
      }),
    resource: ofResource(resource),
    containerResource: ofResource(containerResource),
    external:
      ofExternal &&
      present({
        metricName: ofExternal.metric.name,
        metricSelector: ofExternal.metric.selector,
        [names.value]: amounts(ofExternal).value ?? none,
        [names.averageValue]: amounts(ofExternal).averageValue,
      }),
  });
}

function metricFromV1(metric: Fields, side: Side): Fields {
  const names = NAMES[side];
  const { type, resource, containerResource, pods, object, external } = metric as Readonly<Record<string, Fields | undefined>>;
  const identifier = (source: Fields, selector: unknown) => present({ name: source.metricName, selector });
  const amounts = (value: unknown, averageValue: unknown, averageUtilization?: unknown) => {
    const isSet = value !== undefined && value !== '0';
    const kept = present({ value: isSet ? value : undefined, averageValue, averageUtilization });
    if (side === 'current') return kept;
    return { type: averageUtilization !== undefined ? 'Utilization' : averageValue !== undefined ? 'AverageValue' : 'Value', ...kept };
  };
  const ofResource = (source: Fields | undefined) =>
    source &&
    present({
      name: source.name,
      container: source.container,
      [side]: amounts(undefined, source[names.averageValue], source[names.averageUtilization]),
    });
  return present({
    type,
    object:
      object &&
      present({
        describedObject: object.target,
        metric: identifier(object, object.selector),
        [side]: amounts(object[names.value], object.averageValue),
      }),
    pods: pods && { metric: identifier(pods, pods.selector), [side]: amounts(undefined, pods[names.averageValue]) },
    resource: ofResource(resource),
    containerResource: ofResource(containerResource),
    external: external && {
      metric: identifier(external, external.metricSelector),
      [side]: amounts(external[names.value], external[names.averageValue]),
    },
  });
}

const FIELDS = [
  'ScaleUp',
  'ScaleDown',
  'StabilizationWindowSeconds',
  'SelectPolicy',
  'Policies',
  'Type',
  'Value',
  'PeriodSeconds',
  'Tolerance',
];
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const INTERNAL = new Map(FIELDS.map((name) => [lower(name), name]));
/** Go reads names of fields whatever their case. */
const PUBLIC = new Map(FIELDS.map((name) => [name.toLowerCase(), lower(name)]));

function renamed(value: unknown, nameOf: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => renamed(each, nameOf));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(entries.map(([name, each]) => [nameOf(name), renamed(each, nameOf)]));
}

export const behaviorToV1 = (behavior: V2HorizontalPodAutoscalerBehavior): unknown =>
  renamed(behavior, (name) => INTERNAL.get(name) ?? name);
export const behaviorFromV1 = (annotation: unknown): V2HorizontalPodAutoscalerBehavior =>
  renamed(annotation, (name) => PUBLIC.get(name.toLowerCase()) ?? name) as V2HorizontalPodAutoscalerBehavior;
