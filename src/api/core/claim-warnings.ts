import { milliValue } from '../../base/quantity.ts';
import type { PersistentVolumeClaim } from '../schema/generated/types.ts';

const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class';

/** What clients should know about claims that are taken all the same (kubernetes, pkg/api/persistentvolumeclaim/util.go). */
export function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const { requests, limits } = spec?.resources ?? {};
  return [
    ...(metadata?.annotations?.[BETA_CLASS] === undefined
      ? []
      : [`metadata.annotations[${BETA_CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...ofBytes('spec.resources.requests[storage]', requests?.storage),
    ...ofBytes('spec.resources.limits[storage]', limits?.storage),
  ];
}

const ofBytes = (path: string, value: string | undefined): string[] =>
  value === undefined || milliValue(value) % 1000 === 0 ? [] : [`${path}: fractional byte value "${value}" is invalid, must be an integer`];
