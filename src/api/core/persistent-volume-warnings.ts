import type { PersistentVolume, PersistentVolumeSpec } from '../schema/generated/types.ts';
import { nodeTermWarnings } from './node-label-warnings.ts';

const ANNOTATIONS: Readonly<Record<string, string>> = {
  'volume.beta.kubernetes.io/storage-class': 'deprecated since v1.8; use "storageClassName" attribute instead',
  'volume.beta.kubernetes.io/mount-options': 'deprecated since v1.31; use "mountOptions" attribute instead',
};

/** [field, how upstream spells it, since when and until when]. */
const SOURCES: readonly (readonly [keyof PersistentVolumeSpec, string, string])[] = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const RECYCLE = 'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';

/** What clients should know about volumes that are taken all the same (kubernetes, pkg/api/persistentvolume/util.go). */
export function volumeWarnings({ metadata, spec = {} }: PersistentVolume): string[] {
  return [
    ...Object.entries(ANNOTATIONS).flatMap(([key, text]) =>
      metadata?.annotations?.[key] === undefined ? [] : [`metadata.annotations[${key}]: ${text}`],
    ),
    ...(spec.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${RECYCLE}`] : []),
    ...(spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(`spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, term),
    ),
    ...SOURCES.flatMap(([field, spelled, since]) => (spec[field] ? [`spec.${spelled}: ${since}`] : [])),
  ];
}
