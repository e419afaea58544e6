import { fill, fillZero } from '../meta/fill.ts';
import { defaultPullPolicy } from '../meta/image-reference.ts';
import type { DownwardAPIVolumeFile, PersistentVolumeSpec, Volume, VolumeProjection } from '../schema/generated/types.ts';

/** 0644. */
const DEFAULT_FILE_MODE = 420;
const TOKEN_SECONDS = 3600;

function defaultDownwardFiles(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of files ?? []) {
    if (fieldRef) fillZero(fieldRef, { apiVersion: 'v1' });
    if (resourceFieldRef) fillZero(resourceFieldRef, { divisor: '0' });
  }
}

function defaultProjection(source: VolumeProjection): void {
  if (source.serviceAccountToken) fill(source.serviceAccountToken, { expirationSeconds: TOKEN_SECONDS });
  defaultDownwardFiles(source.downwardAPI?.items);
}

/** Sources that pods and persistent volumes have in common. */
export function defaultSource(source: Volume | PersistentVolumeSpec): void {
  if (source.hostPath) fill(source.hostPath, { type: '' });
  if (source.iscsi) fillZero(source.iscsi, { iscsiInterface: 'default' });
  if (source.rbd) fillZero(source.rbd, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' });
  if (source.azureDisk) fill(source.azureDisk, { cachingMode: 'ReadWrite', fsType: 'ext4', readOnly: false, kind: 'Shared' });
  if (source.scaleIO) fillZero(source.scaleIO, { storageMode: 'ThinProvisioned', fsType: 'xfs' });
}

export function defaultVolume(volume: Volume): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume.emptyDir = {};
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source) fill(source, { defaultMode: DEFAULT_FILE_MODE });
  }
  defaultDownwardFiles(volume.downwardAPI?.items);
  for (const source of volume.projected?.sources ?? []) defaultProjection(source);
  defaultSource(volume);
  if (volume.ephemeral?.volumeClaimTemplate?.spec) fill(volume.ephemeral.volumeClaimTemplate.spec, { volumeMode: 'Filesystem' });
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '');
}
