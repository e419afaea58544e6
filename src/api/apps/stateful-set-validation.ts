import { checkClaimSpec } from '../core/validation-claim.ts';
import { checkPodAnnotations } from '../core/validation-pod-annotations.ts';
import { checkPodTemplate } from '../core/validation-pod-spec.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import {
  checkAnnotations,
  checkAtMostAll,
  checkEnum,
  checkIntOrPercent,
  checkLabel,
  checkLabels,
  checkNonNegative,
  percentOf,
  same,
} from '../meta/validation.ts';
import type { PodTemplateSpec, StatefulSet, StatefulSetSpec } from '../schema/generated/types.ts';
import { checkEndless, checkSelector, differs, mismatch, selects } from './workload-validation.ts';

function checkRollingUpdate(path: string, update: RollingUpdate): FieldError[] {
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

type RollingUpdate = NonNullable<StatefulSetSpec['updateStrategy']>['rollingUpdate'];

/** As upstream shows its internal type. */
const shownUpdate = (update: RollingUpdate) =>
  update ? { Partition: update.partition ?? 0, MaxUnavailable: update.maxUnavailable ?? null } : null;

function checkStrategy({ updateStrategy }: StatefulSetSpec): FieldError[] {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = updateStrategy ?? {};
  switch (type) {
    case '':
      return [required(path)];
    case 'OnDelete':
      return rollingUpdate
        ? [invalid(`${path}.rollingUpdate`, shownUpdate(rollingUpdate), "only allowed for updateStrategy 'RollingUpdate'")]
        : [];
    case 'RollingUpdate':
      return checkRollingUpdate(`${path}.rollingUpdate`, rollingUpdate);
    default:
      return [invalid(path, { Type: type, RollingUpdate: shownUpdate(rollingUpdate) }, "must be 'RollingUpdate' or 'OnDelete'")];
  }
}

function checkManagement({ podManagementPolicy: policy = '' }: StatefulSetSpec): FieldError[] {
  const path = 'spec.podManagementPolicy';
  if (!policy) return [required(path)];
  const known = policy === 'OrderedReady' || policy === 'Parallel';
  return known ? [] : [invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")];
}

const RETENTION = ['Retain', 'Delete'];

function checkRetention({ persistentVolumeClaimRetentionPolicy: retention }: StatefulSetSpec): FieldError[] {
  const path = 'spec.persistentVolumeClaimRetentionPolicy';
  return (['whenDeleted', 'whenScaled'] as const).flatMap((when) => checkEnum(`${path}.${when}`, retention?.[when], RETENTION));
}

/** As the controller makes its pods: the volumes of the claim templates are there, and each pod is called by its own name. */
function asMade({ template, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec | undefined {
  if (!template?.spec) return template;
  const claimed = new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ''));
  const others = (template.spec.volumes ?? []).filter(({ name }) => !claimed.has(name));
  const volumes = [...[...claimed].map((name) => ({ name, persistentVolumeClaim: { claimName: name } })), ...others];
  const { subdomain: _, hostname: __, ...spec } = template.spec;
  return { ...template, spec: { ...spec, ...(volumes.length > 0 && { volumes }) } };
}

const EMPTY = {} as StatefulSetSpec;

/** Old objects were made before anybody looked at some parts. */
interface Parts {
  readonly service: boolean;
  readonly claims: boolean;
  readonly template: boolean;
}
const ALL: Parts = { service: true, claims: true, template: true };

function checkTemplate(spec: StatefulSetSpec, parts: Parts): FieldError[] {
  const { selector } = spec;
  if (selects(selector, spec.template) === undefined) return [invalid('spec.selector', selector, '')];
  const template = asMade(spec);
  const { labels, annotations } = template?.metadata ?? {};
  return [
    ...(differs(selector, template) ? [mismatch(template)] : []),
    ...(parts.template ? checkPodTemplate('spec.template', template) : []),
    ...checkLabels('spec.template.labels', labels),
    ...checkAnnotations('spec.template.annotations', annotations),
    ...checkPodAnnotations('spec.template.annotations', annotations, template?.spec ?? { containers: [] }),
  ];
}

function checkSpec(spec: StatefulSetSpec, parts: Parts): FieldError[] {
  const { selector, template, replicas, minReadySeconds, ordinals, serviceName, volumeClaimTemplates = [] } = spec;
  return [
    ...checkManagement(spec),
    ...checkStrategy(spec),
    ...checkRetention(spec),
    ...(parts.claims ? volumeClaimTemplates.flatMap((claim, i) => checkClaimSpec(`spec.volumeClaimTemplates[${i}].spec`, claim.spec)) : []),
    ...checkNonNegative('spec.replicas', replicas),
    ...checkNonNegative('spec.minReadySeconds', minReadySeconds),
    ...checkNonNegative('spec.ordinals.start', ordinals?.start),
    ...(parts.service && serviceName ? checkLabel('spec.serviceName', serviceName) : []),
    ...checkSelector(selector, 'statefulset'),
    ...checkTemplate(spec, parts),
    ...checkEndless(template, 'StatefulSet'),
  ];
}

export const checkNewStatefulSet = ({ spec = EMPTY }: StatefulSet): FieldError[] => checkSpec(spec, ALL);

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
  const template = checkSpec(old, { service: false, claims: false, template: true }).length === 0;
  return [
    ...checkSpec(spec, { service: false, claims: false, template }),
    ...(same(fixed(spec), fixed(old)) ? [] : [forbidden('spec', UPDATE_RULE)]),
  ];
}
