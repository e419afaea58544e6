import { compareQuantities, parseQuantity } from '../../base/quantity.ts';
import { matchesNodeSelectorTerm } from '../meta/node-selector.ts';
import { labelSelectorMatcher } from '../meta/selectors.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../schema/generated/types.ts';
import { storageClassOf } from './storage-class-of.ts';
import { isVolumeBoundTo } from './volume-binding.ts';

const FILESYSTEM = 'Filesystem';

/** May the volume be used from this node? */
export function fitsVolumeAffinity({ spec }: PersistentVolume, node: Node): boolean {
  const required = spec?.nodeAffinity?.required;
  return !required || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(node, term));
}

export const isSameVolumeMode = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec?.volumeMode ?? FILESYSTEM) === (volume.spec?.volumeMode ?? FILESYSTEM);

export const hasAccessModes = ({ spec }: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (spec?.accessModes ?? []).every((mode) => volume.spec?.accessModes?.includes(mode));

const requested = ({ spec }: PersistentVolumeClaim) => parseQuantity(spec?.resources?.requests?.storage ?? '0');
const capacity = ({ spec }: PersistentVolume) => parseQuantity(spec?.capacity?.storage ?? '0');

export const isLargeEnough = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  compareQuantities(capacity(volume), requested(claim)) >= 0;

export const isSameAttributesClass = (claim: PersistentVolumeClaim, volume: PersistentVolume): boolean =>
  (claim.spec?.volumeAttributesClassName ?? '') === (volume.spec?.volumeAttributesClassName ?? '');

export interface MatchOptions {
  /** For the scheduler: the volume must be usable from this node. */
  readonly node?: Node;
  /** The claim waits for its first consumer: only a volume that is reserved for it will do. */
  readonly onlyReserved?: boolean;
  /** Names of volumes that other claims of the pod take. */
  readonly taken?: ReadonlySet<string>;
}

/**
 * The volume for a claim that has none: one that is reserved for it, else the smallest available one that fits. Binder and scheduler choose alike
 * (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding).
 */
export function matchVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { node, onlyReserved = false, taken }: MatchOptions = {},
): PersistentVolume | undefined {
  const fitsNode = (volume: PersistentVolume) => !node || fitsVolumeAffinity(volume, node);
  const possible = volumes.filter(
    (volume) =>
      !taken?.has(volume.metadata?.name ?? '') &&
      (!volume.spec?.claimRef || isVolumeBoundTo(volume, claim)) &&
      !volume.metadata?.deletionTimestamp &&
      hasAccessModes(claim, volume) &&
      isLargeEnough(claim, volume) &&
      isSameVolumeMode(claim, volume) &&
      isSameAttributesClass(claim, volume),
  );
  const reserved = possible.find((volume) => isVolumeBoundTo(volume, claim));
  if (reserved) return fitsNode(reserved) ? reserved : undefined;
  if (onlyReserved) return undefined;
  const matchesLabels = claim.spec?.selector ? labelSelectorMatcher(claim.spec.selector) : () => true;
  const className = storageClassOf(claim);
  return smallest(
    possible.filter(
      (volume) =>
        volume.status?.phase === 'Available' &&
        matchesLabels(volume.metadata?.labels) &&
        storageClassOf(volume) === className &&
        fitsNode(volume),
    ),
    node === undefined,
  );
}

/** Without a node, a volume with fewer access modes goes first: those with more may serve another claim (upstream's binder alone). */
function smallest(volumes: readonly PersistentVolume[], byModes: boolean): PersistentVolume | undefined {
  const modes = (volume: PersistentVolume) => (byModes ? (volume.spec?.accessModes?.length ?? 0) : 0);
  let best: PersistentVolume | undefined;
  for (const volume of volumes) {
    const difference = best ? modes(volume) - modes(best) || compareQuantities(capacity(volume), capacity(best)) : -1;
    if (difference < 0) best = volume;
  }
  return best;
}
