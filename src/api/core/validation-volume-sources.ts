import { type FieldError, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import { dns1123LabelFindings, dns1123SubdomainFindings, MAX_LABEL_LENGTH } from '../meta/names.ts';
import { checkEnum, found } from '../meta/validation.ts';
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  FlockerVolumeSource,
  GitRepoVolumeSource,
  ISCSIPersistentVolumeSource,
  NFSVolumeSource,
  QuobyteVolumeSource,
  StorageOSPersistentVolumeSource,
} from '../schema/generated/types.ts';
import { checkDescendingPath } from './validation-paths.ts';

/** Sources that come over a network or from a cloud. Pods and PersistentVolumes have nearly the same ones. */

/** `name` is the volume's. */
type SourceCheck = (at: string, source: object, name: string) => FieldError[];

const MAX_PARTITION = 255;
const MAX_LUN = 255;

const lacking = (path: string, source: object, ...fields: string[]): FieldError[] =>
  fields.filter((field) => !isThere((source as Record<string, unknown>)[field])).map((field) => required(`${path}.${field}`));
const isThere = (value: unknown) => (Array.isArray(value) ? value.length > 0 : Boolean(value));

/** `spec.volumes[0]` + the name upstream gives the source + what must be in it. */
const needs =
  (spelled: string, ...fields: string[]): SourceCheck =>
  (at, source) =>
    lacking(`${at}.${spelled}`, source, ...fields);

export function checkCsiDriverName(path: string, driver = ''): FieldError[] {
  if (driver === '') return [required(path)];
  return [
    ...(driver.length > MAX_LABEL_LENGTH ? [tooLong(path, MAX_LABEL_LENGTH)] : []),
    ...found(path, driver, dns1123SubdomainFindings(driver.toLowerCase())),
  ];
}

const checkPartition = (path: string, partition = 0): FieldError[] =>
  partition < 0 || partition > MAX_PARTITION ? [invalid(path, partition, `must be between 1 and ${MAX_PARTITION}, inclusive`)] : [];
const checkLun = (path: string, lun = 0): FieldError[] =>
  lun < 0 || lun > MAX_LUN ? [invalid(path, lun, `must be between 0 and ${MAX_LUN}, inclusive`)] : [];

const INITIATORS: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};

function checkInitiator(path: string, name: string, start: string): FieldError[] {
  const pattern = INITIATORS[name.slice(0, 3)];
  if (!pattern) return [invalid(path, name, `must be valid format${start}`)];
  return pattern.test(name) ? [] : [invalid(path, name, 'must be valid format')];
}

const LONG_PORTAL = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
const MAX_PORTAL = 64;

/** In a PersistentVolume the secret may live anywhere, so it is named in full. */
export function checkIscsi(at: string, source: ISCSIPersistentVolumeSource, name: string, persistent: boolean): FieldError[] {
  const path = `${at}.iscsi`;
  const { targetPortal = '', iqn, lun, chapAuthDiscovery, chapAuthSession, secretRef, initiatorName } = source;
  const start = persistent ? '' : ' starting with iqn, eui, or naa';
  const long = initiatorName !== undefined && `${name}:${targetPortal}`.length > MAX_PORTAL;
  return [
    ...lacking(path, source, 'targetPortal'),
    ...(long && persistent ? [invalid(`${path}.targetportal`, targetPortal, LONG_PORTAL)] : []),
    ...(iqn ? checkInitiator(`${path}.iqn`, iqn, start) : [required(`${path}.iqn`)]),
    ...checkLun(`${path}.lun`, lun),
    ...((chapAuthDiscovery || chapAuthSession) && !secretRef ? [required(`${path}.secretRef`)] : []),
    ...(persistent && secretRef ? lacking(`${path}.secretRef`, secretRef, 'name') : []),
    ...(initiatorName === undefined ? [] : checkInitiator(`${path}.initiatorname`, initiatorName, start)),
    ...(long && !persistent ? [invalid(`${at}.name`, name, LONG_PORTAL)] : []),
  ];
}

function checkNfs(at: string, source: NFSVolumeSource): FieldError[] {
  const { path = '' } = source;
  const errors = lacking(`${at}.nfs`, source, 'server', 'path');
  return path.startsWith('/') ? errors : [...errors, invalid(`${at}.nfs.path`, path, 'must be an absolute path')];
}

function checkFc(at: string, { targetWWNs = [], wwids = [], lun }: FCVolumeSource): FieldError[] {
  const path = `${at}.fc`;
  const errors: FieldError[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0) {
    errors.push(required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  }
  if (targetWWNs.length > 0 && wwids.length > 0) {
    errors.push(invalid(`${path}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  }
  if (targetWWNs.length === 0) return errors;
  if (lun === undefined) return [...errors, required(`${path}.lun`, 'lun is required if targetWWNs is specified')];
  return [...errors, ...checkLun(`${path}.lun`, lun)];
}

function checkFlex(at: string, source: FlexVolumeSource): FieldError[] {
  const path = `${at}.flexVolume`;
  const reserved = Object.keys(source.options ?? {}).filter((key) =>
    /\.(kubernetes|k8s)\.io$/.test(`.${key.split('/')[0]?.toLowerCase()}`),
  );
  return [
    ...lacking(path, source, 'driver'),
    ...reserved.map((key) => invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')),
  ];
}

function checkFlocker(at: string, { datasetName, datasetUUID }: FlockerVolumeSource): FieldError[] {
  const path = `${at}.flocker`;
  return [
    ...(datasetName || datasetUUID ? [] : [required(path, 'one of datasetName and datasetUUID is required')]),
    ...(datasetName && datasetUUID ? [invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')] : []),
    ...(datasetName?.includes('/') ? [invalid(`${path}.datasetName`, datasetName, "must not contain '/'")] : []),
  ];
}

const REGISTRY_RULE = 'must be a host:port pair or multiple pairs separated by commas';

function checkQuobyte(at: string, { registry, tenant = '', volume }: QuobyteVolumeSource): FieldError[] {
  const path = `${at}.quobyte`;
  const errors: FieldError[] = [];
  if (!registry) errors.push(required(`${path}.registry`, REGISTRY_RULE));
  else if (tenant.length >= 65) errors.push(required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else {
    for (const pair of registry.split(',')) {
      if (!/^([^:[\]]*|\[[^[\]]*\]):[^:]*$/.test(pair)) errors.push(invalid(`${path}.registry`, registry, REGISTRY_RULE));
    }
  }
  return volume ? errors : [...errors, required(`${path}.volume`)];
}

const MANAGED_URI = ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'];
const BLOB_URI = ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'];

function checkAzureDisk(at: string, source: AzureDiskVolumeSource): FieldError[] {
  const path = `${at}.azureDisk`;
  const { diskURI = '', kind, cachingMode } = source;
  const managed = kind === 'Managed';
  const start = managed ? '/subscriptions/' : 'https://';
  return [
    ...lacking(path, source, 'diskName', 'diskURI'),
    ...checkEnum(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']),
    ...checkEnum(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared']),
    ...(kind === undefined || diskURI.startsWith(start)
      ? []
      : [notSupported(`${path}.diskURI`, diskURI, managed ? MANAGED_URI : BLOB_URI)]),
  ];
}

export function checkStorageOs(at: string, source: StorageOSPersistentVolumeSource, persistent: boolean): FieldError[] {
  const path = `${at}.storageos`;
  const { volumeName, volumeNamespace, secretRef } = source;
  return [
    ...(volumeName ? found(`${path}.volumeName`, volumeName, dns1123LabelFindings(volumeName)) : [required(`${path}.volumeName`)]),
    ...(volumeNamespace ? found(`${path}.volumeNamespace`, volumeNamespace, dns1123LabelFindings(volumeNamespace)) : []),
    ...(secretRef ? lacking(`${path}.secretRef`, secretRef, 'name', ...(persistent ? ['namespace'] : [])) : []),
  ];
}

export function checkCinder(at: string, source: { secretRef?: object }, persistent: boolean): FieldError[] {
  const errors = lacking(`${at}.cinder`, source, 'volumeID');
  const { secretRef } = source;
  return secretRef ? [...errors, ...lacking(`${at}.cinder.secretRef`, secretRef, 'name', ...(persistent ? ['namespace'] : []))] : errors;
}

export const CLOUD_SOURCES: Readonly<Record<string, SourceCheck>> = {
  gitRepo: (at, source) => [
    ...lacking(`${at}.gitRepo`, source, 'repository'),
    ...checkDescendingPath(`${at}.gitRepo.directory`, (source as GitRepoVolumeSource).directory ?? ''),
  ],
  gcePersistentDisk: (at, source) => [
    ...lacking(`${at}.persistentDisk`, source, 'pdName'),
    ...checkPartition(`${at}.persistentDisk.partition`, (source as { partition?: number }).partition),
  ],
  awsElasticBlockStore: (at, source) => [
    ...lacking(`${at}.awsElasticBlockStore`, source, 'volumeID'),
    ...checkPartition(`${at}.awsElasticBlockStore.partition`, (source as { partition?: number }).partition),
  ],
  nfs: (at, source) => checkNfs(at, source as NFSVolumeSource),
  iscsi: (at, source, name) => checkIscsi(at, source as ISCSIPersistentVolumeSource, name, false),
  glusterfs: needs('glusterfs', 'endpoints', 'path'),
  flocker: (at, source) => checkFlocker(at, source as FlockerVolumeSource),
  rbd: needs('rbd', 'monitors', 'image'),
  cinder: (at, source) => checkCinder(at, source, false),
  cephfs: needs('cephfs', 'monitors'),
  quobyte: (at, source) => checkQuobyte(at, source as QuobyteVolumeSource),
  fc: (at, source) => checkFc(at, source as FCVolumeSource),
  flexVolume: (at, source) => checkFlex(at, source as FlexVolumeSource),
  azureFile: needs('azureFile', 'secretName', 'shareName'),
  vsphereVolume: needs('vsphereVolume', 'volumePath'),
  photonPersistentDisk: needs('photonPersistentDisk', 'pdID'),
  portworxVolume: needs('portworxVolume', 'volumeID'),
  azureDisk: (at, source) => checkAzureDisk(at, source as AzureDiskVolumeSource),
  storageos: (at, source) => checkStorageOs(at, source as StorageOSPersistentVolumeSource, false),
  scaleIO: needs('scaleIO', 'gateway', 'system', 'volumeName'),
};
