import { hasAnnotation, MIGRATED_TO, PROVISIONED_BY } from '../../api/core/volume-binding.ts';
import type { PersistentVolume, StorageClass } from '../../api/schema/generated/types.ts';

/** CSI drivers that took over from plug-ins which Kubernetes had built in (staging/src/k8s.io/csi-translation-lib). */
const MIGRATED: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
};

const isBuiltIn = (name: string) => name.startsWith('kubernetes.io/') && MIGRATED[name] === undefined;

/** Who makes volumes of this class, or why nobody does: plug-ins of the `kubernetes.io/` family are built in, and here there are none. */
export function provisionerOf({ provisioner }: StorageClass): { readonly name: string } | { readonly error: string } {
  return isBuiltIn(provisioner)
    ? { error: `no volume plugin matched name: ${provisioner}` }
    : { name: MIGRATED[provisioner] ?? provisioner };
}

/** Why the controller cannot delete what is behind the volume; undefined when an external deleter is in charge. */
export function deletionProblem(volume: PersistentVolume): string | undefined {
  const maker = volume.metadata?.annotations?.[PROVISIONED_BY];
  if (maker) return isBuiltIn(maker) ? `no volume plugin matched name: ${maker}` : undefined;
  if (hasAnnotation(volume, MIGRATED_TO) || volume.spec?.csi) return undefined;
  return `error getting deleter volume plugin for volume "${volume.metadata?.name}": no deletable volume plugin matched`;
}
