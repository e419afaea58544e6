import { type FieldError, forbidden, invalid, notFoundValue, required } from '../meta/field-error.ts';
import { checkEnum } from '../meta/validation.ts';
import type { Container, Volume, VolumeDevice, VolumeMount } from '../schema/generated/types.ts';
import { checkDescendingPath } from './validation-paths.ts';

/** Volumes of the pod that have no findings themselves, by name. */
export type Volumes = ReadonlyMap<string, Volume>;

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

function checkPropagation(path: string, mode: string | undefined, container: Container): FieldError[] {
  if (mode === undefined) return [];
  const errors = checkEnum(path, mode, PROPAGATIONS);
  if (mode !== 'Bidirectional' || container.securityContext?.privileged) return errors;
  return [...errors, forbidden(path, 'Bidirectional mount propagation is available only to privileged containers')];
}

function checkRecursive(path: string, { recursiveReadOnly, readOnly, mountPropagation }: VolumeMount): FieldError[] {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return [];
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') {
    return checkEnum(path, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
  }
  const propagates = mountPropagation !== undefined && mountPropagation !== 'None';
  return [
    ...(readOnly ? [] : [forbidden(path, 'may only be specified when readOnly is true')]),
    ...(propagates ? [forbidden(path, 'may only be specified when mountPropagation is None or not specified')] : []),
  ];
}

function checkSubPaths(path: string, at: string, { subPath, subPathExpr }: VolumeMount): FieldError[] {
  return [
    ...(subPath ? checkDescendingPath(`${path}.subPath`, subPath) : []),
    ...(subPath && subPathExpr ? [invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')] : []),
    ...(subPathExpr ? checkDescendingPath(`${path}.subPathExpr`, subPathExpr) : []),
  ];
}

export function checkMounts(path: string, container: Container, volumes: Volumes): FieldError[] {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const [index, mount] of volumeMounts.entries()) {
    const at = `${path}[${index}]`;
    const { name = '', mountPath = '' } = mount;
    if (!name) errors.push(required(`${at}.name`));
    if (!volumes.has(name)) errors.push(notFoundValue(`${at}.name`, name));
    if (!mountPath) errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    if (volumeDevices.some((d) => d.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'));
    if (volumeDevices.some((d) => d.devicePath === mountPath)) {
      errors.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    errors.push(...checkSubPaths(path, at, mount));
    errors.push(...checkPropagation(`${path}.mountPropagation`, mount.mountPropagation, container));
    errors.push(...checkRecursive(`${path}.recursiveReadOnly`, mount));
  }
  return errors;
}

const BLOCK_DETAIL = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';

interface Seen {
  readonly mounts: readonly VolumeMount[];
  readonly paths: ReadonlySet<string>;
}

function checkDevice(at: string, { name = '', devicePath = '' }: VolumeDevice, volumes: Volumes, { mounts, paths }: Seen): FieldError[] {
  const volume = volumes.get(name);
  const isClaim = volume?.persistentVolumeClaim !== undefined || volume?.ephemeral !== undefined;
  const steps = devicePath.split('/').includes('..');
  return [
    ...(volume && !isClaim ? [invalid(`${at}.name`, name, BLOCK_DETAIL)] : []),
    ...(volume ? [] : [notFoundValue(`${at}.name`, name)]),
    ...(devicePath ? [] : [required(`${at}.devicePath`)]),
    ...(paths.has(devicePath) ? [invalid(`${at}.devicePath`, devicePath, 'must be unique')] : []),
    ...(steps ? [invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')")] : []),
    ...(mounts.some((m) => m.name === name) ? [invalid(`${at}.name`, name, 'must not already exist in volumeMounts')] : []),
    ...(mounts.some((m) => m.mountPath === devicePath)
      ? [invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts')]
      : []),
  ];
}

export function checkDevices(path: string, { volumeDevices, volumeMounts = [] }: Container, volumes: Volumes): FieldError[] {
  const names = new Set<string>();
  const paths = new Set<string>();
  return (volumeDevices ?? []).flatMap((device, index) => {
    const at = `${path}[${index}]`;
    const { name = '', devicePath = '' } = device;
    const errors = name ? [] : [required(`${at}.name`)];
    if (name && names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'));
    errors.push(...checkDevice(at, device, volumes, { mounts: volumeMounts, paths }));
    names.add(name);
    paths.add(devicePath);
    return errors;
  });
}
