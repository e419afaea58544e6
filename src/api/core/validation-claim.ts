import { difference } from '../meta/difference.ts';
import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, checkLabelSelector, checkTemplateMetadata, found, same } from '../meta/validation.ts';
import type {
  PersistentVolumeClaim,
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimTemplate,
  TypedObjectReference,
} from '../schema/generated/types.ts';
import { withDataSources } from './claim-data-source.ts';
import { checkAmount, compareAmounts, isPositive } from './validation-resources.ts';

export const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
export const VOLUME_MODES = ['Block', 'Filesystem'];
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** Of claims and volumes alike. A claim for one pod alone excludes all others. */
export function checkAccessModes(path: string, modes: readonly string[]): FieldError[] {
  const errors = modes.flatMap((mode) => checkEnum(path, mode, ACCESS_MODES));
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  if (!modes.includes('ReadWriteOncePod') || !others) return errors;
  return [...errors, forbidden(path, 'may not use ReadWriteOncePod with other access modes')];
}

function checkSource(path: string, { name, kind = '', apiGroup = '', namespace }: TypedObjectReference, anyGroup: boolean): FieldError[] {
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(kind ? [] : [required(`${path}.kind`)]),
    ...(apiGroup || kind === 'PersistentVolumeClaim'
      ? []
      : [invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup")]),
    ...(apiGroup && !anyGroup ? found(`${path}.apiGroup`, apiGroup, dns1123SubdomainFindings(apiGroup)) : []),
    ...(namespace ? found(`${path}.namespace`, namespace, dns1123LabelFindings(namespace)) : []),
  ];
}

/** Two fields for one thing: they agree (upstream shows a path as the value, which prints as nothing), unless the newer one says what the older one cannot. */
function checkSources(path: string, { dataSource, dataSourceRef }: PersistentVolumeClaimSpec, anyGroup: boolean): FieldError[] {
  const errors = [
    ...(dataSource ? checkSource(`${path}.dataSource`, dataSource, anyGroup) : []),
    ...(dataSourceRef ? checkSource(`${path}.dataSourceRef`, dataSourceRef, anyGroup) : []),
  ];
  if (!dataSource || !dataSourceRef) return errors;
  if (dataSourceRef.namespace) {
    return [...errors, invalid(path, {}, 'may not be specified when dataSourceRef.namespace is specified')];
  }
  const { apiGroup, kind, name } = dataSourceRef;
  if (dataSource.apiGroup === apiGroup && dataSource.kind === kind && dataSource.name === name) return errors;
  return [...errors, invalid(path, {}, 'must match dataSourceRef')];
}

function checkStorage(path: string, storage: string | undefined): FieldError[] {
  if (storage === undefined) return [required(path)];
  return isPositive(storage) ? checkAmount(path, 'storage', storage) : [invalid(path, storage, 'must be greater than zero')];
}

/** `anyGroup`: sources may be of a group with any name, as they are once there was one. */
export function checkClaimSpec(path: string, spec: PersistentVolumeClaimSpec = {}, anyGroup = false): FieldError[] {
  const { accessModes = [], storageClassName, volumeAttributesClassName } = spec;
  return [
    ...(accessModes.length > 0 ? [] : [required(`${path}.accessModes`, 'at least 1 access mode is required')]),
    ...checkLabelSelector(`${path}.selector`, spec.selector),
    ...checkAccessModes(`${path}.accessModes`, accessModes),
    ...checkStorage(`${path}.resources[storage]`, spec.resources?.requests?.storage),
    ...(storageClassName ? found(`${path}.storageClassName`, storageClassName, dns1123SubdomainFindings(storageClassName)) : []),
    ...checkEnum(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES),
    ...checkSources(path, spec, anyGroup),
    ...(volumeAttributesClassName
      ? found(`${path}.volumeAttributesClassName`, volumeAttributesClassName, dns1123SubdomainFindings(volumeAttributesClassName))
      : []),
  ];
}

export const checkClaim = ({ spec }: PersistentVolumeClaim): FieldError[] => checkClaimSpec('spec', spec);

/** The claim's template inside a pod: labels and annotations are all the metadata that it may bring. */
export function checkClaimTemplate(path: string, { metadata, spec }: PersistentVolumeClaimTemplate): FieldError[] {
  return [...checkTemplateMetadata(`${path}.metadata`, metadata), ...checkClaimSpec(`${path}.spec`, spec)];
}

const SPEC_RULE = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** An earlier version of the server kept but the one field for the source that it got. */
const specBefore = ({ spec }: PersistentVolumeClaim): PersistentVolumeClaimSpec => withDataSources(spec ?? {});

/** The spec with all that may still change put back: the volume's name once, size and class of a bound claim, a class for none. */
function restored(value: PersistentVolumeClaim, old: PersistentVolumeClaim): PersistentVolumeClaimSpec {
  const [now, then] = [value.spec ?? {}, specBefore(old)];
  const bound = value.status?.phase === 'Bound';
  const annotated = old.metadata?.annotations?.[BETA_CLASS];
  const takesClass = then.storageClassName === undefined && (annotated === undefined || annotated === now.storageClassName);
  return {
    ...now,
    ...(then.volumeName ? {} : { volumeName: then.volumeName }),
    ...(takesClass && now.storageClassName !== undefined && { storageClassName: undefined }),
    ...(bound && now.resources?.requests
      ? { resources: { ...now.resources, requests: { ...now.resources.requests, storage: then.resources?.requests?.storage ?? '' } } }
      : {}),
    ...(bound && { volumeAttributesClassName: then.volumeAttributesClassName }),
  };
}

function checkShrinking(value: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [now, then] = [value, old].map((claim) => claim.spec?.resources?.requests?.storage ?? '0') as [string, string];
  if (compareAmounts(now, then) >= 0 || compareAmounts(now, old.status?.capacity?.storage ?? '0') > 0) return [];
  return [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')];
}

/** A class that has taken effect cannot be taken away, only replaced by another. */
function checkAttributesClass({ spec }: PersistentVolumeClaim, { spec: old, status }: PersistentVolumeClaim): FieldError[] {
  const now = spec?.volumeAttributesClassName;
  if (now === old?.volumeAttributesClassName || status?.currentVolumeAttributesClassName === undefined || now) return [];
  const what = now === undefined ? 'nil' : 'empty string';
  const detail = `update to ${what} is forbidden when status.currentVolumeAttributesClassName is not nil`;
  return [forbidden('spec.volumeAttributesClassName', detail)];
}

/** Claims stay what they are, but for growing. */
export function checkClaimUpdate(value: PersistentVolumeClaim, old: PersistentVolumeClaim): FieldError[] {
  const [now, then] = [value.metadata?.annotations?.[BETA_CLASS] ?? '', old.metadata?.annotations?.[BETA_CLASS] ?? ''];
  const [before, rest] = [specBefore(old), restored(value, old)];
  const upgraded =
    then !== '' && old.spec?.storageClassName === undefined && value.spec?.storageClassName === then && (!now || now === then);
  const { dataSource, dataSourceRef } = old.spec ?? {};
  return [
    ...checkClaimSpec('spec', value.spec, Boolean(dataSource?.apiGroup ?? dataSourceRef?.apiGroup)),
    ...(now === then || upgraded ? [] : [invalid(`metadata.annotations.${BETA_CLASS}`, now, 'field is immutable')]),
    ...(same(rest, before) ? [] : [forbidden('spec', `${SPEC_RULE}\n${difference(before, rest)}`)]),
    ...checkShrinking(value, old),
    ...(same(value.spec?.volumeMode, old.spec?.volumeMode) ? [] : [invalid('volumeMode', value.spec?.volumeMode, 'field is immutable')]),
    ...checkAttributesClass(value, old),
  ];
}
