import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import type { KubeObject } from '../meta/object.ts';
import { checkEnum, checkLabel, found } from '../meta/validation.ts';
import type { CSIVolumeSource, EphemeralVolumeSource, HostPathVolumeSource, PodSpec, Volume } from '../schema/generated/types.ts';
import { checkClaimTemplate } from './validation-claim.ts';
import type { Volumes } from './validation-mounts.ts';
import { checkItems, checkMode, checkNoBacksteps } from './validation-paths.ts';
import { checkDownwardFiles, checkProjected } from './validation-projected.ts';
import { isNegative } from './validation-resources.ts';
import { CLOUD_SOURCES, checkCsiDriverName } from './validation-volume-sources.ts';

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];

export function checkHostPath(path: string, { path: file, type }: HostPathVolumeSource): FieldError[] {
  if (!file) return [required(`${path}.path`)];
  return [...checkNoBacksteps(`${path}.path`, file), ...checkEnum(`${path}.type`, type, HOST_PATH_TYPES)];
}

function checkCsi(path: string, { driver, nodePublishSecretRef }: CSIVolumeSource): FieldError[] {
  const errors = checkCsiDriverName(`${path}.driver`, driver);
  if (!nodePublishSecretRef) return errors;
  const { name } = nodePublishSecretRef;
  if (!name) return [...errors, required(`${path}.nodePublishSecretRef.name`)];
  return [...errors, ...found(`${path}.name`, name, dns1123SubdomainFindings(name))];
}

/** The claim that is made for the pod is called after both. */
function checkEphemeral(
  at: string,
  { volumeClaimTemplate }: EphemeralVolumeSource,
  name: string,
  podName: string | undefined,
): FieldError[] {
  const path = `${at}.ephemeral.volumeClaimTemplate`;
  const errors = volumeClaimTemplate ? checkClaimTemplate(path, volumeClaimTemplate) : [required(path)];
  if (!podName || !name) return errors;
  const claim = `${podName}-${name}`;
  const faults = dns1123SubdomainFindings(claim).map((finding) => `PVC name ${JSON.stringify(claim)}: ${finding}`);
  return [...errors, ...found(`${at}.name`, name, faults)];
}

type SourceCheck = (at: string, volume: Volume, podName: string | undefined) => FieldError[];

/** Sources of Kubernetes' own, in upstream's order; `undefined` where there is nothing to find. */
const OWN_SOURCES: Readonly<Record<string, SourceCheck>> = {
  emptyDir: (at, { emptyDir }) =>
    emptyDir?.sizeLimit !== undefined && isNegative(emptyDir.sizeLimit)
      ? [forbidden(`${at}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : [],
  hostPath: (at, { hostPath }) => (hostPath ? checkHostPath(`${at}.hostPath`, hostPath) : []),
  secret: (at, { secret }) => [
    ...(secret?.secretName ? [] : [required(`${at}.secret.secretName`)]),
    ...checkMode(`${at}.secret.defaultMode`, secret?.defaultMode),
    ...checkItems(`${at}.secret.items`, secret?.items),
  ],
  persistentVolumeClaim: (at, { persistentVolumeClaim }) =>
    persistentVolumeClaim?.claimName ? [] : [required(`${at}.persistentVolumeClaim.claimName`)],
  downwardAPI: (at, { downwardAPI }) => [
    ...checkMode(`${at}.downwardAPI.defaultMode`, downwardAPI?.defaultMode),
    ...checkDownwardFiles(`${at}.downwardAPI`, downwardAPI?.items),
  ],
  configMap: (at, { configMap }) => [
    ...(configMap?.name ? [] : [required(`${at}.configMap.name`)]),
    ...checkMode(`${at}.configMap.defaultMode`, configMap?.defaultMode),
    ...checkItems(`${at}.configMap.items`, configMap?.items),
  ],
  projected: (at, { projected }) => (projected ? checkProjected(`${at}.projected`, projected) : []),
  csi: (at, { csi }) => (csi ? checkCsi(`${at}.csi`, csi) : []),
  ephemeral: (at, { ephemeral, name }, podName) => (ephemeral ? checkEphemeral(at, ephemeral, name, podName) : []),
  // Templates may leave it to whoever makes pods of them.
  image: (at, { image }, podName) => [
    ...(image?.reference || podName === undefined ? [] : [required(`${at}.image.reference`)]),
    ...checkEnum(`${at}.image.pullPolicy`, image?.pullPolicy, ['Always', 'IfNotPresent', 'Never']),
  ],
};

const ORDER = [
  ...['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker'],
  ...['persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile'],
  ...[
    'vsphereVolume',
    'photonPersistentDisk',
    'portworxVolume',
    'azureDisk',
    'storageos',
    'projected',
    'scaleIO',
    'csi',
    'ephemeral',
    'image',
  ],
] as (keyof Volume)[];
/** Upstream's path of a second source is not always the field's name. */
const SPELLED: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

function checkSource(at: string, volume: Volume, podName: string | undefined): FieldError[] {
  const [first, ...more] = ORDER.filter((kind) => volume[kind] !== undefined);
  if (first === undefined) return [required(at, 'must specify a volume type')];
  return [
    ...(OWN_SOURCES[first]?.(at, volume, podName) ?? CLOUD_SOURCES[first]?.(at, volume[first] as object, volume.name) ?? []),
    ...more.map((kind) => forbidden(`${at}.${SPELLED[kind] ?? kind}`, 'may not specify more than 1 volume type')),
  ];
}

/** Findings about the volumes of a pod, and the volumes without any: mounts of others are not found. */
export function checkVolumes(
  path: string,
  { volumes = [] }: PodSpec,
  pod: KubeObject | undefined,
): { errors: FieldError[]; sound: Volumes } {
  const errors: FieldError[] = [];
  const sound = new Map<string, Volume>();
  const podName = pod?.metadata?.name;
  const created = new Set(podName ? volumes.filter((v) => v.ephemeral).map((v) => `${podName}-${v.name}`) : []);
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const { name, persistentVolumeClaim } = volume;
    const own = checkSource(at, volume, podName);
    own.push(...(name ? checkLabel(`${at}.name`, name) : [required(`${at}.name`)]));
    if (sound.has(name)) own.push(duplicate(`${at}.name`, name));
    if (own.length === 0) sound.set(name, volume);
    errors.push(...own);
    if (persistentVolumeClaim && created.has(persistentVolumeClaim.claimName)) {
      const detail = 'must not reference a PVC that gets created for an ephemeral volume';
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName, detail));
    }
  }
  return { errors, sound };
}
