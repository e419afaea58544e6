import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkLabel, checkSubdomain } from '../meta/validation.ts';
import type { DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Volume, VolumeProjection } from '../schema/generated/types.ts';
import { checkFieldRef, checkResourceFieldRef, VOLUME_FIELDS } from './validation-env.ts';
import { checkQuantity } from './validation-resources.ts';

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const MAX_MODE = 0o777;
const MIN_TOKEN_SECONDS = 600;
const MODE_RULE = 'must be a number between 0 and 0777 (octal), both inclusive';

const checkMode = (path: string, mode: number | undefined): FieldError[] =>
  mode === undefined || (mode >= 0 && mode <= MAX_MODE) ? [] : [invalid(path, mode, MODE_RULE)];

/** Paths inside a volume: relative, and never out of it. */
function checkInnerPath(path: string, value: string | undefined): FieldError[] {
  if (!value) return [required(path)];
  if (value.startsWith('/')) return [invalid(path, value, 'must be a relative path')];
  if (value.split('/').includes('..')) return [invalid(path, value, "must not contain '..'")];
  return value.startsWith('..') ? [invalid(path, value, "must not start with '..'")] : [];
}

function checkItems(path: string, items: readonly KeyToPath[] | undefined): FieldError[] {
  return (items ?? []).flatMap((item, index) => [
    ...(item.key ? [] : [required(`${path}[${index}].key`)]),
    ...checkInnerPath(`${path}[${index}].path`, item.path),
    ...checkMode(`${path}[${index}].mode`, item.mode),
  ]);
}

function checkDownwardFiles(path: string, files: readonly DownwardAPIVolumeFile[] | undefined): FieldError[] {
  return (files ?? []).flatMap((file, index) => {
    const at = `${path}[${index}]`;
    const errors = [...checkInnerPath(`${at}.path`, file.path), ...checkMode(`${at}.mode`, file.mode)];
    if (file.fieldRef && file.resourceFieldRef) {
      errors.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (file.fieldRef) errors.push(...checkFieldRef(`${at}.fieldRef`, file.fieldRef, VOLUME_FIELDS));
    else if (file.resourceFieldRef) {
      if (!file.resourceFieldRef.containerName) errors.push(required(`${at}.resourceFieldRef.containerName`));
      errors.push(...checkResourceFieldRef(`${at}.resourceFieldRef`, file.resourceFieldRef));
    } else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    return errors;
  });
}

function checkProjection(at: string, source: VolumeProjection): FieldError[] {
  const [kind, ...more] = Object.keys(source);
  if (kind === undefined) return [required(at, 'must specify a source')];
  const errors = more.map((other) => forbidden(`${at}.${other}`, 'may not specify more than 1 volume type'));
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  for (const [name, projection] of Object.entries({ configMap, secret })) {
    if (!projection) continue;
    if (!projection.name) errors.push(required(`${at}.${name}.name`));
    errors.push(...checkItems(`${at}.${name}.items`, projection.items));
  }
  if (downwardAPI) errors.push(...checkDownwardFiles(`${at}.downwardAPI.items`, downwardAPI.items));
  if (serviceAccountToken) {
    const seconds = serviceAccountToken.expirationSeconds ?? MIN_TOKEN_SECONDS;
    const path = `${at}.serviceAccountToken`;
    if (seconds < MIN_TOKEN_SECONDS) {
      errors.push(invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    }
    errors.push(...checkInnerPath(`${path}.path`, serviceAccountToken.path));
  }
  return errors;
}

const checkProjected = (path: string, { sources = [], defaultMode }: ProjectedVolumeSource): FieldError[] => [
  ...checkMode(`${path}.defaultMode`, defaultMode),
  ...sources.flatMap((source, index) => checkProjection(`${path}.sources[${index}]`, source)),
];

function checkHostPath(path: string, source: NonNullable<Volume['hostPath']>): FieldError[] {
  const errors = checkEnum(`${path}.type`, source.type, HOST_PATH_TYPES);
  if (!source.path) return [...errors, required(`${path}.path`)];
  return source.path.split('/').includes('..') ? [...errors, invalid(`${path}.path`, source.path, "must not contain '..'")] : errors;
}

function checkSource(at: string, volume: Volume): FieldError[] {
  const { configMap, secret, downwardAPI, projected, hostPath, emptyDir, persistentVolumeClaim } = volume;
  if (configMap) {
    return [
      ...(configMap.name ? [] : [required(`${at}.configMap.name`)]),
      ...checkMode(`${at}.configMap.defaultMode`, configMap.defaultMode),
      ...checkItems(`${at}.configMap.items`, configMap.items),
    ];
  }
  if (secret) {
    return [
      ...(secret.secretName ? [] : [required(`${at}.secret.secretName`)]),
      ...checkMode(`${at}.secret.defaultMode`, secret.defaultMode),
      ...checkItems(`${at}.secret.items`, secret.items),
    ];
  }
  if (downwardAPI) {
    const path = `${at}.downwardAPI`;
    return [...checkMode(`${path}.defaultMode`, downwardAPI.defaultMode), ...checkDownwardFiles(`${path}.items`, downwardAPI.items)];
  }
  if (projected) return checkProjected(`${at}.projected`, projected);
  if (hostPath) return checkHostPath(`${at}.hostPath`, hostPath);
  if (emptyDir?.sizeLimit !== undefined) return checkQuantity(`${at}.emptyDir.sizeLimit`, emptyDir.sizeLimit);
  if (persistentVolumeClaim) {
    const { claimName } = persistentVolumeClaim;
    const path = `${at}.persistentVolumeClaim.claimName`;
    return claimName ? checkSubdomain(path, claimName) : [required(path)];
  }
  return [];
}

/** Each volume has a unique name and exactly one source. */
export function checkVolumes(path: string, volumes: readonly Volume[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (!volume.name) errors.push(required(`${at}.name`));
    else errors.push(...checkLabel(`${at}.name`, volume.name));
    if (names.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name));
    names.add(volume.name);
    const [source, ...more] = Object.keys(volume).filter((key) => key !== 'name' && volume[key as keyof Volume] !== undefined);
    if (source === undefined) errors.push(required(at, 'must specify a volume type'));
    for (const other of more) errors.push(forbidden(`${at}.${other}`, 'may not specify more than 1 volume type'));
    errors.push(...checkSource(at, volume));
  }
  return errors;
}
