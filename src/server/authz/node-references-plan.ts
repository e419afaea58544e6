import type { PersistentVolume, Pod } from '../../api/schema/generated/types.ts';

/** A mirror pod shows what a node runs by itself: it must not open anything to the node that made it. */
export const isMirrorPod = ({ metadata }: Pod): boolean => metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined;

/** Objects of a pod's namespace that its node may read, as `secrets/name`. */
export const podReferences = (pod: Pod): ReadonlySet<string> => (isMirrorPod(pod) ? new Set() : namedInPod(pod));

/** Objects of its namespace that the pod names, as `secrets/name`. */
export function namedInPod(pod: Pod): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (resource: string, name: string | undefined) => {
    if (name) found.add(`${resource}/${name}`);
  };
  const { spec } = pod;
  if (!spec) return found;
  add('serviceaccounts', spec.serviceAccountName || 'default');
  for (const pull of spec.imagePullSecrets ?? []) add('secrets', pull.name);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    for (const source of container.envFrom ?? []) {
      add('secrets', source.secretRef?.name);
      add('configmaps', source.configMapRef?.name);
    }
    for (const variable of container.env ?? []) {
      add('secrets', variable.valueFrom?.secretKeyRef?.name);
      add('configmaps', variable.valueFrom?.configMapKeyRef?.name);
    }
  }
  for (const volume of spec.volumes ?? []) addVolume(volume, pod.metadata?.name ?? '', add);
  for (const claim of spec.resourceClaims ?? []) add('resourceclaims', claim.resourceClaimName);
  for (const claim of pod.status?.resourceClaimStatuses ?? []) add('resourceclaims', claim.resourceClaimName);
  add('resourceclaims', pod.status?.extendedResourceClaimStatus?.resourceClaimName);
  return found;
}

type Volume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number];

function addVolume(volume: Volume, podName: string, add: (resource: string, name: string | undefined) => void): void {
  add('secrets', volume.secret?.secretName);
  add('configmaps', volume.configMap?.name);
  add('persistentvolumeclaims', volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral) add('persistentvolumeclaims', `${podName}-${volume.name}`);
  for (const source of volume.projected?.sources ?? []) {
    add('secrets', source.secret?.name);
    add('configmaps', source.configMap?.name);
  }
  const plugins = [volume.azureFile?.secretName, volume.cephfs?.secretRef?.name, volume.cinder?.secretRef?.name];
  const more = [volume.csi?.nodePublishSecretRef?.name, volume.flexVolume?.secretRef?.name, volume.iscsi?.secretRef?.name];
  const rest = [volume.rbd?.secretRef?.name, volume.scaleIO?.secretRef?.name, volume.storageos?.secretRef?.name];
  for (const name of [...plugins, ...more, ...rest]) add('secrets', name);
}

interface SecretReference {
  readonly name?: string;
  readonly namespace?: string;
}

/** Secrets that a node needs for a volume, as `namespace/name`; what only a driver's controller needs is not for nodes. Those that say no namespace are in the claim's. */
export function volumeSecrets({ spec }: PersistentVolume): ReadonlySet<string> {
  const home = spec?.claimRef?.namespace ?? '';
  const found = new Set<string>();
  const add = (ref: SecretReference | undefined) => {
    if (ref?.name) found.add(`${ref.namespace || home}/${ref.name}`);
  };
  if (!spec) return found;
  if (spec.azureFile) add({ name: spec.azureFile.secretName, namespace: spec.azureFile.secretNamespace });
  for (const ref of [spec.cephfs?.secretRef, spec.cinder?.secretRef, spec.flexVolume?.secretRef, spec.rbd?.secretRef]) add(ref);
  for (const ref of [spec.scaleIO?.secretRef, spec.iscsi?.secretRef, spec.storageos?.secretRef]) add(ref);
  const { csi } = spec;
  for (const ref of [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef]) add(ref);
  return found;
}
