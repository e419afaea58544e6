import { milliValue } from '../../base/quantity.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../schema/generated/types.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** What clients should know about claims that are taken all the same (kubernetes, pkg/api/persistentvolumeclaim/util.go). */
export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  return [
    ...(metadata?.annotations?.[BETA_CLASS] === undefined
      ? []
      : [`metadata.annotations[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...(spec ? claimSpecWarnings('spec', spec) : []),
  ];
}

/** What a claim says, and the template of one within a pod. */
export const claimSpecWarnings = (path: string, { resources: { requests, limits } = {} }: PersistentVolumeClaimSpec): string[] => [
  ...ofBytes(`${path}.resources.requests[storage]`, requests?.storage),
  ...ofBytes(`${path}.resources.limits[storage]`, limits?.storage),
];

const ofBytes = (path: string, value: string | undefined): string[] =>
  value === undefined || milliValue(value) % 1000 === 0 ? [] : [`${path}: fractional byte value "${value}" is invalid, must be an integer`];
