import { checkClaimSpec } from '../core/validation-claim.ts';
import { checkPodTemplate } from '../core/validation-pod-spec.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123LabelFindings } from '../meta/names.ts';
import {
  checkAnnotations,
  checkAtMostAll,
  checkEnum,
  checkIntOrPercent,
  checkLabels,
  checkNonNegative,
  found,
  isEmptySelector,
  percentOf,
  same,
} from '../meta/validation.ts';
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../schema/generated/types.ts';
import { checkEndless, checkSelector, mismatch, selects } from './workload-validation.ts';

function checkRollingUpdate(path: string, update: NonNullable<StatefulSetSpec['updateStrategy']>['rollingUpdate']): FieldError[] {
  const { partition, maxUnavailable } = update ?? {};
  const at = `${path}.maxUnavailable`;
  const none =
    maxUnavailable !== undefined && (typeof maxUnavailable === 'number' ? maxUnavailable : (percentOf(maxUnavailable) ?? 0)) === 0;
  return [
    ...checkNonNegative(`${path}.partition`, partition),
    ...checkIntOrPercent(at, maxUnavailable),
    ...(none ? [invalid(at, maxUnavailable, 'cannot be 0')] : []),
    ...checkAtMostAll(at, maxUnavailable),
  ];
}

function checkStrategy({ updateStrategy }: StatefulSetSpec): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = updateStrategy ?? {};
  switch (type) {
    case '':
      return [required(path)];
    case 'OnDelete':
      return rollingUpdate ? [invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")] : [];
    case 'RollingUpdate':
      return checkRollingUpdate(`${path}.rollingUpdate`, rollingUpdate);
    default:
      return [invalid(path, { Type: type, RollingUpdate: rollingUpdate ?? null }, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function checkPolicies({ podManagementPolicy = '', persistentVolumeClaimRetentionPolicy: retention }: StatefulSetSpec): FieldError[] {
  const known = podManagementPolicy === 'OrderedReady' || podManagementPolicy === 'Parallel';
  const rule = "must be 'OrderedReady' or 'Parallel'";
  const path = 'spec.persistentVolumeClaimRetentionPolicy';
  return [
    ...(podManagementPolicy ? [] : [required('spec.podManagementPolicy')]),
    ...(podManagementPolicy && !known ? [invalid('spec.podManagementPolicy', podManagementPolicy, rule)] : []),
    ...checkEnum(`${path}.whenDeleted`, retention?.whenDeleted, ['Delete', 'Retain']),
    ...checkEnum(`${path}.whenScaled`, retention?.whenScaled, ['Delete', 'Retain']),
  ];
}

/** Mounts find the volumes that the claim templates will become. */
function withClaims({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  if (!template?.spec || volumeClaimTemplates.length === 0) return template;
  const claimed = volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? '').filter(Boolean);
  const others = (template.spec.volumes ?? []).filter(({ name }) => !claimed.includes(name));
  const volumes = [...others, ...claimed.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }))];
  return { ...template, spec: { ...template.spec, volumes } };
}

const EMPTY = {} as StatefulSetSpec;

export function checkStatefulSet({ spec = EMPTY }: StatefulSet): FieldError[] {
  const { selector, template, replicas, minReadySeconds, ordinals } = spec;
  const matches = selects(selector, template);
  const differs = selector && !isEmptySelector(selector) && matches === false;
  return [
    ...checkPolicies(spec),
    ...checkStrategy(spec),
    ...checkNonNegative('spec.replicas', replicas),
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...checkNonNegative('spec.ordinals.start', ordinals?.start),
    ...checkSelector(selector, 'statefulset'),
    ...(matches === undefined ? [invalid('spec.selector', selector, '')] : []),
    ...(differs ? [mismatch(template)] : []),
    ...checkLabels('spec.template.labels', template?.metadata?.labels),
    ...checkAnnotations('spec.template.annotations', template?.metadata?.annotations),
    ...checkEndless(template, 'StatefulSet'),
  ];
}

/** What only new objects must keep: old ones were made before anybody looked. */
export function checkNewStatefulSet({ spec = EMPTY }: StatefulSet): FieldError[] {
  const { serviceName, volumeClaimTemplates = [] } = spec;
  return [
    ...(serviceName ? found('spec.serviceName', serviceName, dns1123LabelFindings(serviceName)) : []),
    ...checkPodTemplate('spec.template', withClaims(spec)).filter(
      ({ path }) => !path.startsWith('spec.template.labels') && !path.startsWith('spec.template.annotations'),
    ),
    ...volumeClaimTemplates.flatMap((claim, i) => checkClaimSpec(`spec.volumeClaimTemplates[${i}].spec`, claim.spec)),
  ];
}

const UPDATABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const UPDATE_RULE =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export function checkStatefulSetUpdate({ spec = EMPTY }: StatefulSet, { spec: old = EMPTY }: StatefulSet): FieldError[] {
  const fixed = (value: StatefulSetSpec) => Object.fromEntries(Object.entries(value).filter(([key]) => !UPDATABLE.includes(key as never)));
  return same(fixed(spec), fixed(old)) ? [] : [forbidden('spec', UPDATE_RULE)];
}
