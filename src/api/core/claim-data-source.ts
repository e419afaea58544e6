import type { PersistentVolumeClaimSpec, TypedLocalObjectReference } from '../schema/generated/types.ts';

const SNAPSHOT_GROUP = 'snapshot.storage.k8s.io';

/** All that the older field could ever say; what else it says was ignored before there was a newer one. */
const isKnownSource = ({ kind, apiGroup = '' }: TypedLocalObjectReference): boolean =>
  (kind === 'PersistentVolumeClaim' && !apiGroup) || (kind === 'VolumeSnapshot' && apiGroup === SNAPSHOT_GROUP);

/** Either field fills in the other one, that clients may know either. */
function mirror(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource && !dataSourceRef) spec.dataSourceRef = { ...dataSource };
  else if (dataSourceRef && !dataSource && !dataSourceRef.namespace) {
    const { namespace: _, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

/**
 * What a claim is filled from, in both of its fields (pkg/api/persistentvolumeclaim of kubernetes). Sources in other namespaces are left out: CrossNamespaceVolumeDataSource is off
 * by default.
 */
export function settleDataSources(spec: PersistentVolumeClaimSpec, old: PersistentVolumeClaimSpec | undefined): void {
  if (spec.dataSourceRef?.namespace && !old?.dataSourceRef) delete spec.dataSourceRef;
  const garbage = spec.dataSource && !spec.dataSourceRef && !old?.dataSource && !isKnownSource(spec.dataSource);
  if (garbage) delete spec.dataSource;
  mirror(spec);
}

/** As the claim would be stored today. */
export function withDataSources(spec: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const copy = { ...spec };
  mirror(copy);
  return copy;
}
