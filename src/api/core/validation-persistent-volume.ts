import { quantityValue } from '../../base/quantity.ts';
import { difference } from '../meta/difference.ts';
import { type FieldError, forbidden, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import { checkEnum, found, same } from '../meta/validation.ts';
import type {
  AzureFilePersistentVolumeSource,
  CSIPersistentVolumeSource,
  GlusterfsPersistentVolumeSource,
  HostPathVolumeSource,
  ISCSIPersistentVolumeSource,
  LocalVolumeSource,
  NodeSelectorRequirement,
  PersistentVolume,
  PersistentVolumeSpec,
  SecretReference,
  StorageOSPersistentVolumeSource,
  VolumeNodeAffinity,
} from '../schema/generated/types.ts';
import { checkAccessModes, VOLUME_MODES } from './validation-claim.ts';
import { checkNoBacksteps } from './validation-paths.ts';
import { checkPositive, isNegative } from './validation-resources.ts';
import { checkNodeSelector } from './validation-scheduling.ts';
import { checkHostPath } from './validation-volume.ts';
import { CLOUD_SOURCES, checkCinder, checkCsiDriverName, checkIscsi, checkStorageOs } from './validation-volume-sources.ts';

const RECLAIM_POLICIES = ['Delete', 'Recycle', 'Retain'];

function checkCapacity(path: string, given: Readonly<Record<string, string>> | undefined): FieldError[] {
  const capacity = given ?? {};
  const names = Object.keys(capacity);
  return [
    ...(names.length > 0 ? [] : [required(path)]),
    ...(names.length === 1 && 'storage' in capacity ? [] : [notSupported(path, given, ['storage'])]),
    ...Object.entries(capacity).flatMap(([name, amount]) => [
      ...(isNegative(amount) ? [invalid(`${path}[${name}]`, quantityValue(amount), 'must be a valid resource quantity')] : []),
      ...checkPositive(`${path}[${name}]`, amount),
    ]),
  ];
}

/** Secrets of a driver are named in full. */
function checkSecret(path: string, secret: SecretReference | undefined): FieldError[] {
  if (!secret) return [];
  const { name = '', namespace = '' } = secret;
  return [
    ...(name ? found(`${path}.name`, name, dns1123SubdomainFindings(name)) : [required(`${path}.name`)]),
    ...(namespace ? found(`${path}.namespace`, namespace, dns1123LabelFindings(namespace)) : [required(`${path}.namespace`)]),
  ];
}

function checkCsi(path: string, source: CSIPersistentVolumeSource): FieldError[] {
  return [
    ...checkCsiDriverName(`${path}.driver`, source.driver),
    ...(source.volumeHandle ? [] : [required(`${path}.volumeHandle`)]),
    ...checkSecret(`${path}.controllerPublishSecretRef`, source.controllerPublishSecretRef),
    ...checkSecret(`${path}.controllerExpandSecretRef`, source.controllerExpandSecretRef),
    ...checkSecret(`${path}.nodePublishSecretRef`, source.nodePublishSecretRef),
    ...checkSecret(`${path}.nodeExpandSecretRef`, source.nodeExpandSecretRef),
  ];
}

function checkAzureFile(path: string, { secretName, shareName, secretNamespace }: AzureFilePersistentVolumeSource): FieldError[] {
  return [
    ...(secretName ? [] : [required(`${path}.secretName`)]),
    ...(shareName ? [] : [required(`${path}.shareName`)]),
    ...(secretNamespace === '' ? [required(`${path}.secretNamespace`)] : []),
  ];
}

const checkLocal = (path: string, { path: file }: LocalVolumeSource): FieldError[] =>
  file ? checkNoBacksteps(`${path}.path`, file) : [required(`${path}.path`)];

const NO_NAMESPACE = 'if the endpointnamespace is set, it must be a valid namespace name';

function checkGlusterfs(source: GlusterfsPersistentVolumeSource, name: string): FieldError[] {
  const { endpointsNamespace: namespace } = source;
  const path = 'spec.glusterfs.endpointsNamespace';
  const findings = namespace ? dns1123LabelFindings(namespace) : namespace === '' ? [NO_NAMESPACE] : [];
  return [...checkCloud('glusterfs', { glusterfs: source }, name), ...found(path, namespace, findings)];
}

type Check = (spec: PersistentVolumeSpec, name: string) => FieldError[];

/** In the order in which upstream looks at them; it calls some of them otherwise than the API does. */
const SOURCES: readonly (readonly [field: keyof PersistentVolumeSpec, check: Check])[] = [
  ['hostPath', ({ hostPath }) => checkHostPath('spec.hostPath', hostPath as HostPathVolumeSource)],
  ...(['gcePersistentDisk', 'awsElasticBlockStore'] as const).map(cloud),
  ['glusterfs', ({ glusterfs }, name) => checkGlusterfs(glusterfs as GlusterfsPersistentVolumeSource, name)],
  ...(['flocker', 'nfs', 'rbd', 'quobyte', 'cephfs'] as const).map(cloud),
  ['iscsi', ({ iscsi }, name) => checkIscsi('spec', iscsi as ISCSIPersistentVolumeSource, name, true)],
  ['cinder', ({ cinder }) => checkCinder('spec', cinder as object, true)],
  ...(['fc', 'flexVolume'] as const).map(cloud),
  ['azureFile', ({ azureFile }) => checkAzureFile('spec.azureFile', azureFile as AzureFilePersistentVolumeSource)],
  ...(['vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'scaleIO'] as const).map(cloud),
  ['local', ({ local }) => checkLocal('spec.local', local as LocalVolumeSource)],
  ['storageos', ({ storageos }) => checkStorageOs('spec', storageos as StorageOSPersistentVolumeSource, true)],
  ['csi', ({ csi }) => checkCsi('spec.csi', csi as CSIPersistentVolumeSource)],
];

const checkCloud = (field: keyof PersistentVolumeSpec, spec: PersistentVolumeSpec, name: string): FieldError[] =>
  CLOUD_SOURCES[field]?.('spec', spec[field] as object, name) ?? [];

function cloud(field: keyof PersistentVolumeSpec): [keyof PersistentVolumeSpec, Check] {
  return [field, (spec, name) => checkCloud(field, spec, name)];
}

function checkSource(spec: PersistentVolumeSpec, name: string, isInline = false): FieldError[] {
  const given = SOURCES.filter(([field]) => spec[field]);
  const [first, ...others] = given;
  if (!first) return [required('spec', 'must specify a volume type')];
  const errors = first[1](spec, name);
  if (first[0] === 'local' && (isInline || !spec.nodeAffinity)) {
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  }
  for (const [field, check] of others) {
    if (field === 'flexVolume') errors.push(...check(spec, name));
    else errors.push(forbidden(`spec.${field === 'cephfs' ? 'cephFS' : field}`, 'may not specify more than 1 volume type'));
  }
  return errors;
}

function checkAffinity({ nodeAffinity }: PersistentVolumeSpec): FieldError[] {
  if (!nodeAffinity) return [];
  const path = 'spec.nodeAffinity.required';
  return nodeAffinity.required
    ? checkNodeSelector(path, nodeAffinity.required)
    : [required(path, 'must specify required node constraints')];
}

/** `/`, however it is written: recycling it would empty the node. */
const isRoot = (path: string) => path.startsWith('/') && path.split('/').every((part) => part === '' || part === '.');

function checkClasses({ storageClassName, volumeMode, volumeAttributesClassName, csi }: PersistentVolumeSpec): FieldError[] {
  const path = 'spec.volumeAttributesClassName';
  const errors = [
    ...(storageClassName ? found('spec.storageClassName', storageClassName, dns1123SubdomainFindings(storageClassName)) : []),
    ...checkEnum('spec.volumeMode', volumeMode, VOLUME_MODES),
  ];
  if (volumeAttributesClassName === undefined) return errors;
  return [
    ...errors,
    ...(volumeAttributesClassName
      ? found(path, volumeAttributesClassName, dns1123SubdomainFindings(volumeAttributesClassName))
      : [required(path, 'an empty string is disallowed')]),
    ...(csi ? [] : [required('spec.csi', 'has to be specified when using volumeAttributesClassName')]),
  ];
}

const checkRecycling = ({ hostPath, persistentVolumeReclaimPolicy: policy }: PersistentVolumeSpec): FieldError[] =>
  hostPath && isRoot(hostPath.path ?? '') && policy === 'Recycle'
    ? [forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'")]
    : [];

export function checkPersistentVolume({ metadata, spec = {} }: PersistentVolume): FieldError[] {
  const { accessModes = [], persistentVolumeReclaimPolicy: policy } = spec;
  return [
    ...(accessModes.length > 0 ? [] : [required('spec.accessModes')]),
    ...checkAccessModes('spec.accessModes', accessModes),
    ...checkCapacity('spec.capacity', spec.capacity),
    ...(policy ? checkEnum('spec.persistentVolumeReclaimPolicy', policy, RECLAIM_POLICIES) : []),
    ...checkAffinity(spec),
    ...checkSource(spec, metadata?.name ?? ''),
    ...checkRecycling(spec),
    ...checkClasses(spec),
  ];
}

const INLINE = 'in the context of inline volumes';

/** A volume that an attachment describes in itself. */
export function checkInlineVolume(path: string, spec: PersistentVolumeSpec): FieldError[] {
  const { accessModes = [], capacity, persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  const none = (field: string, isGiven: boolean) => (isGiven ? [forbidden(`spec.${field}`, `may not be specified ${INLINE}`)] : []);
  const errors = [
    ...none('claimRef', spec.claimRef !== undefined),
    ...none('capacity', Object.keys(capacity ?? {}).length > 0),
    ...(spec.csi ? [] : [required('spec.csi', `has to be specified ${INLINE}`)]),
    ...(accessModes.length > 0 ? [] : [required('spec.accessModes')]),
    ...checkAccessModes('spec.accessModes', accessModes),
    ...(policy && policy !== 'Retain' ? [forbidden('spec.persistentVolumeReclaimPolicy', `may only be Retain ${INLINE}`)] : []),
    ...none('nodeAffinity', spec.nodeAffinity !== undefined),
    ...checkSource(spec, '', true),
    ...checkRecycling(spec),
    ...none('storageClassName', Boolean(spec.storageClassName)),
    ...(volumeMode !== undefined && volumeMode !== 'Filesystem'
      ? [forbidden('spec.volumeMode', `may not specify volumeMode other than Filesystem ${INLINE}`)]
      : []),
  ];
  return errors.map((error) => ({ ...error, path: path + error.path.slice('spec'.length) }));
}

/** What the volume is made of, even when nothing is said of it. A driver's secret for growing may be added later. */
function sourcesOf(spec: PersistentVolumeSpec | undefined, old: PersistentVolumeSpec | undefined): [string, unknown][] {
  return SOURCES.filter(([field]) => spec?.[field] !== undefined).map(([field]) => {
    if (field !== 'csi' || !spec?.csi || !old?.csi || old.csi.controllerExpandSecretRef) return [field, spec?.[field]];
    const { controllerExpandSecretRef: _, ...csi } = spec.csi;
    return [field, csi];
  });
}

const GA_LABELS: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** The old affinity with the labels under the names that the new one has for them. */
function renamed(old: VolumeNodeAffinity, now: VolumeNodeAffinity | undefined): VolumeNodeAffinity {
  const renamedIn = (then: NodeSelectorRequirement[] = [], after: NodeSelectorRequirement[] = []) =>
    then.map((requirement, i) => {
      const key = after[i]?.key;
      return key !== undefined && (GA_LABELS[requirement.key] ?? '') === key ? { ...requirement, key } : requirement;
    });
  const terms = (old.required?.nodeSelectorTerms ?? []).map((term, i) => {
    const after = now?.required?.nodeSelectorTerms?.[i];
    return {
      matchExpressions: renamedIn(term.matchExpressions, after?.matchExpressions),
      matchFields: renamedIn(term.matchFields, after?.matchFields),
    };
  });
  return { ...old, required: { nodeSelectorTerms: terms } };
}

const SOURCE = 'spec.persistentvolumesource';

export function checkPersistentVolumeUpdate({ spec }: PersistentVolume, { spec: old }: PersistentVolume): FieldError[] {
  const kept = old?.nodeAffinity === undefined || same(spec?.nodeAffinity, renamed(old.nodeAffinity, spec?.nodeAffinity));
  const [before, sources] = [sourcesOf(old, old), sourcesOf(spec, old)];
  const unclassed = old?.volumeAttributesClassName !== undefined && spec?.volumeAttributesClassName === undefined;
  return [
    ...(same(sources, before)
      ? []
      : [
          forbidden(
            SOURCE,
            `${SOURCE} is immutable after creation\n${difference(Object.fromEntries(before), Object.fromEntries(sources))}`,
          ),
        ]),
    ...(same(spec?.volumeMode, old?.volumeMode) ? [] : [invalid('volumeMode', spec?.volumeMode, 'field is immutable')]),
    ...(kept ? [] : [invalid('nodeAffinity', spec?.nodeAffinity, 'field is immutable, except for updating from beta label to GA')]),
    ...(unclassed ? [forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')] : []),
  ];
}
