import { checkContainerResourceName, isNegative, isPositive } from '../core/validation-resources.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { pathSegmentFindings } from '../meta/names.ts';
import { checkEnum, checkLabel, checkNonNegative, found } from '../meta/validation.ts';
import type {
  V2CrossVersionObjectReference,
  V2HorizontalPodAutoscaler,
  V2HPAScalingRules,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricTarget,
} from '../schema/generated/types.ts';

const MAX_PERIOD_SECONDS = 1800;
const MAX_WINDOW_SECONDS = 3600;
const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
/** In the order in which upstream looks at them. */
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;

function checkReference(path: string, { kind, name }: Partial<V2CrossVersionObjectReference> = {}): FieldError[] {
  return [
    ...(kind ? found(`${path}.kind`, kind, pathSegmentFindings(kind)) : [required(`${path}.kind`)]),
    ...(name ? found(`${path}.name`, name, pathSegmentFindings(name)) : [required(`${path}.name`)]),
  ];
}

/** Upstream does not look at the selector. */
const checkIdentifier = (path: string, { name }: Partial<V2MetricIdentifier> = {}): FieldError[] =>
  name ? found(`${path}.name`, name, pathSegmentFindings(name)) : [required(`${path}.name`, 'must specify a metric name')];

function checkTarget(path: string, { type, value, averageValue, averageUtilization }: Partial<V2MetricTarget> = {}): FieldError[] {
  const values = ['Utilization', 'Value', 'AverageValue'];
  const known = type !== undefined && values.includes(type);
  return [
    ...(type ? [] : [required(`${path}.type`, 'must specify a metric target type')]),
    ...(known ? [] : [invalid(`${path}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue')]),
    ...(value === undefined || isPositive(value) ? [] : [invalid(`${path}.value`, value, 'must be positive')]),
    ...(averageValue === undefined || isPositive(averageValue) ? [] : [invalid(`${path}.averageValue`, averageValue, 'must be positive')]),
    ...(averageUtilization !== undefined && averageUtilization < 1
      ? [invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0')]
      : []),
  ];
}

function checkResourceTarget(path: string, target: Partial<V2MetricTarget> = {}): FieldError[] {
  const { averageUtilization, averageValue } = target;
  const errors = checkTarget(path, target);
  if (averageUtilization === undefined && averageValue === undefined) {
    errors.push(required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'));
  }
  if (averageUtilization === undefined || averageValue === undefined) return errors;
  return [...errors, forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization')];
}

type Source = (typeof SOURCES)[number];

function checkSource(path: string, kind: Source, metric: V2MetricSpec, versioned: boolean): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  const average = `${path}.target.averageValue`;
  switch (kind) {
    case 'object':
      return [
        ...checkReference(`${path}.describedObject`, object?.describedObject),
        ...(versioned ? checkDescribedVersion(`${path}.describedObject`, object?.describedObject) : []),
        ...checkIdentifier(`${path}.metric`, object?.metric),
        ...checkTarget(`${path}.target`, object?.target),
        ...(object?.target?.value === undefined && object?.target?.averageValue === undefined
          ? [required(average, 'must set either a target value or averageValue')]
          : []),
      ];
    case 'external': {
      const { value, averageValue } = external?.target ?? {};
      const none = value === undefined && averageValue === undefined;
      const both = value !== undefined && averageValue !== undefined;
      return [
        ...checkIdentifier(`${path}.metric`, external?.metric),
        ...checkTarget(`${path}.target`, external?.target),
        ...(none ? [required(average, 'must set either a target value for metric or a per-pod target')] : []),
        ...(both ? [forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target')] : []),
      ];
    }
    case 'pods':
      return [
        ...checkIdentifier(`${path}.metric`, pods?.metric),
        ...checkTarget(`${path}.target`, pods?.target),
        ...(pods?.target?.averageValue === undefined ? [required(average, 'must specify a positive target averageValue')] : []),
      ];
    case 'resource':
      return [
        ...(resource?.name ? [] : [required(`${path}.name`, 'must specify a resource name')]),
        ...checkResourceTarget(`${path}.target`, resource?.target),
      ];
    case 'containerResource': {
      const { name, container } = containerResource ?? {};
      return [
        ...(name ? checkContainerResourceName(`${path}.name`, name) : [required(`${path}.name`, 'must specify a resource name')]),
        ...(container ? checkLabel(`${path}.container`, container) : [required(`${path}.container`, 'must specify a container')]),
        ...checkResourceTarget(`${path}.target`, containerResource?.target),
      ];
    }
  }
}

function checkMetric(at: string, metric: V2MetricSpec, versioned: boolean): FieldError[] {
  const { type = '' } = metric;
  const present = SOURCES.filter((kind) => metric[kind] !== undefined);
  const [first] = present;
  const expected = SOURCES.find((kind) => kind.toLowerCase() === type.toLowerCase());
  const known = TYPES.includes(type);
  const lacks = known && expected && metric[expected] === undefined;
  return [
    ...(type ? [] : [required(`${at}.type`, 'must specify a metric source type')]),
    ...(known ? [] : [notSupported(`${at}.type`, type, TYPES)]),
    ...(first ? checkSource(`${at}.${first}`, first, metric, versioned) : []),
    ...(lacks ? [required(`${at}.${expected}`, 'must populate information for the given metric source')] : []),
    ...(known ? [] : [notSupported(`${at}.type`, type, TYPES)]),
    ...(present.length === 1 ? [] : present.filter((kind) => kind !== expected)).map((kind) =>
      forbidden(`${at}.${kind}`, 'must populate the given metric source only'),
    ),
  ];
}

function checkRules(path: string, rules: V2HPAScalingRules | undefined): FieldError[] {
  if (!rules) return [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const at = `${path}.stabilizationWindowSeconds`;
  return [
    ...(window !== undefined && window < 0 ? [invalid(at, window, 'must be greater than or equal to zero')] : []),
    ...(window !== undefined && window > MAX_WINDOW_SECONDS
      ? [invalid(at, window, `must be less than or equal to ${MAX_WINDOW_SECONDS}`)]
      : []),
    ...checkEnum(`${path}.selectPolicy`, selectPolicy, ['Disabled', 'Max', 'Min']),
    ...(policies.length > 0 ? [] : [required(`${path}.policies`, 'must specify at least one Policy')]),
    ...policies.flatMap(({ type, value = 0, periodSeconds = 0 }, i) => {
      const seconds = `${path}.policies[${i}].periodSeconds`;
      return [
        ...checkEnum(`${path}.policies[${i}].type`, type ?? '', ['Percent', 'Pods']),
        ...(value > 0 ? [] : [invalid(`${path}.policies[${i}].value`, value, 'must be greater than zero')]),
        ...(periodSeconds > 0 ? [] : [invalid(seconds, periodSeconds, 'must be greater than zero')]),
        ...(periodSeconds > MAX_PERIOD_SECONDS
          ? [invalid(seconds, periodSeconds, `must be less than or equal to ${MAX_PERIOD_SECONDS}`)]
          : []),
      ];
    }),
    ...(tolerance !== undefined && isNegative(tolerance)
      ? [invalid(`${path}.tolerance`, tolerance, 'must be greater than or equal to 0')]
      : []),
  ];
}

/** Of which references the version is looked at. */
interface Versions {
  readonly target: boolean;
  readonly described: boolean;
}

function checkAutoscaler(hpa: V2HorizontalPodAutoscaler, versions: Versions): FieldError[] {
  const { spec } = hpa;
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec ?? {};
  return [
    ...(minReplicas !== undefined && minReplicas < 1
      ? [invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1')]
      : []),
    ...(maxReplicas === 0 ? [required('spec.maxReplicas', 'must be set and greater than 0')] : []),
    ...(maxReplicas < 0 ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to 1')] : []),
    ...(minReplicas !== undefined && maxReplicas < minReplicas
      ? [invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`')]
      : []),
    ...checkReference('spec.scaleTargetRef', scaleTargetRef),
    ...(versions.target ? checkTargetVersion(scaleTargetRef) : []),
    ...metrics.flatMap((metric, i) => checkMetric(`spec.metrics[${i}]`, metric, versions.described)),
    ...(minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')
      ? [forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas')]
      : []),
    ...checkRules('spec.behavior.scaleUp', behavior?.scaleUp),
    ...checkRules('spec.behavior.scaleDown', behavior?.scaleDown),
  ];
}

type Reference = Partial<V2CrossVersionObjectReference>;

/** undefined: it is a group and version. Groupless kinds have nothing that could be scaled, but for one. */
function apiVersionFinding({ apiVersion = '' }: Reference, mayLackGroup: boolean): string | undefined {
  const parts = apiVersion === '/' ? [''] : apiVersion.split('/');
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? parts[0] : '';
  return group || mayLackGroup ? undefined : 'apiVersion must specify API group';
}

function checkTargetVersion(target: Reference = {}): FieldError[] {
  const finding = apiVersionFinding(target, target.kind === 'ReplicationController');
  return finding === undefined ? [] : [invalid('spec.scaleTargetRef.apiVersion', target.apiVersion ?? '', finding)];
}

function checkDescribedVersion(path: string, described: Reference = {}): FieldError[] {
  const finding = apiVersionFinding(described, true);
  return finding === undefined ? [] : [invalid(`${path}.apiVersion`, described.apiVersion ?? '', finding)];
}

const describesOdd = ({ spec }: V2HorizontalPodAutoscaler): boolean =>
  (spec?.metrics ?? []).some(({ type, object }) => type === 'Object' && checkDescribedVersion('', object?.describedObject).length > 0);

export const checkNewAutoscaler = (hpa: V2HorizontalPodAutoscaler): FieldError[] => checkAutoscaler(hpa, { target: true, described: true });

/** Objects that are older than the rule keep what they have. */
export function checkAutoscalerUpdate(hpa: V2HorizontalPodAutoscaler, old: V2HorizontalPodAutoscaler): FieldError[] {
  const [target, before] = [hpa.spec?.scaleTargetRef, old.spec?.scaleTargetRef];
  const kept = target?.apiVersion === before?.apiVersion && target?.kind === before?.kind;
  return checkAutoscaler(hpa, { target: !kept, described: !describesOdd(old) });
}

export const checkAutoscalerStatus = ({ status }: V2HorizontalPodAutoscaler): FieldError[] => [
  ...checkNonNegative('status.currentReplicas', status?.currentReplicas),
  ...checkNonNegative('status.desiredReplicas', status?.desiredReplicas),
];
