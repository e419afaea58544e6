import { storageClassOf } from '../../api/core/storage-class-of.ts';
import { BIND_COMPLETED, hasAnnotation, isVolumeBoundTo, SELECTED_NODE } from '../../api/core/volume-binding.ts';
import { hasAccessModes, isLargeEnough, isSameAttributesClass, isSameVolumeMode, matchVolume } from '../../api/core/volume-matching.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/schema/generated/types.ts';
import { provisionerOf } from './provisioning-plan.ts';

/** An event about the object that the plan is for. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What a claim's fate depends on. */
export interface ClaimView {
  /** The class that the claim names, if there is one of that name. */
  readonly storageClass: StorageClass | undefined;
  /** The class for claims that name none. */
  readonly defaultClass: () => StorageClass | undefined;
  /** Volumes that nobody has and that are of the claim's class, and those reserved for the claim. */
  readonly candidates: () => readonly PersistentVolume[];
  /** The volume of a name. */
  readonly volume: (name: string) => PersistentVolume | undefined;
  /** Names of pods that mount the claim and have no node yet. */
  readonly waitingPods: () => readonly string[];
}

export type ClaimPlan =
  /** Writes the references of both to each other, and the phase Bound. */
  | { readonly do: 'bind'; readonly volume: PersistentVolume }
  /** The claim is Pending until something changes. */
  | { readonly do: 'wait'; readonly notice?: Notice }
  /** The claim named no class and there is a default one now. */
  | { readonly do: 'assign-class'; readonly className: string }
  /** Asks an external provisioner for a volume. */
  | { readonly do: 'provision'; readonly provisioner: string; readonly notice: Notice }
  /** The claim was bound and is not any more: nothing heals that. */
  | { readonly do: 'lose'; readonly notice: Notice };

const normal = (reason: string, message: string): Notice => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Notice => ({ type: 'Warning', reason, message });

/** What a claim needs next (kubernetes, pkg/controller/volume/persistentvolume, syncClaim). */
export function planClaim(claim: PersistentVolumeClaim, view: ClaimView): ClaimPlan {
  if (hasAnnotation(claim, BIND_COMPLETED)) return planBound(claim, view);
  const name = claim.spec?.volumeName;
  return name ? planRequested(claim, name, view) : planUnbound(claim, view);
}

function planBound(claim: PersistentVolumeClaim, view: ClaimView): ClaimPlan {
  const name = claim.spec?.volumeName;
  const lose = (reason: string, message: string): ClaimPlan => ({ do: 'lose', notice: warning(reason, message) });
  if (!name) return lose('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = view.volume(name);
  if (!volume) return lose('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const { claimRef } = volume.spec ?? {};
  if (!claimRef || claimRef.uid === claim.metadata?.uid) return { do: 'bind', volume };
  return lose('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** The claim asks for one volume by name. */
function planRequested(claim: PersistentVolumeClaim, name: string, view: ClaimView): ClaimPlan {
  const volume = view.volume(name);
  if (!volume) return { do: 'wait' };
  if (isVolumeBoundTo(volume, claim)) return { do: 'bind', volume };
  if (volume.spec?.claimRef)
    return { do: 'wait', notice: warning('FailedBinding', `volume "${name}" already bound to a different claim.`) };
  const mismatch = mismatchOf(claim, volume);
  if (!mismatch) return { do: 'bind', volume };
  return { do: 'wait', notice: warning('VolumeMismatch', `Cannot bind to requested volume "${name}": ${mismatch}`) };
}

function mismatchOf(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  if (volume.metadata?.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (!isLargeEnough(claim, volume)) return 'requested PV is too small';
  if (storageClassOf(claim) !== storageClassOf(volume)) return 'storageClassName does not match';
  if (!isSameAttributesClass(claim, volume)) return 'volumeAttributesClassName does not match';
  if (!isSameVolumeMode(claim, volume)) return 'incompatible volumeMode';
  return hasAccessModes(claim, volume) ? undefined : 'incompatible accessMode';
}

function planUnbound(claim: PersistentVolumeClaim, view: ClaimView): ClaimPlan {
  const waitsForConsumer = view.storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = matchVolume(claim, view.candidates(), { onlyReserved: waitsForConsumer });
  if (volume) return { do: 'bind', volume };
  const fallback = hasClass(claim) ? undefined : view.defaultClass()?.metadata?.name;
  if (fallback) return { do: 'assign-class', className: fallback };
  if (waitsForConsumer && !hasAnnotation(claim, SELECTED_NODE)) return { do: 'wait', notice: consumerNotice(view.waitingPods()) };
  if (storageClassOf(claim)) return planProvisioning(claim, view.storageClass);
  return { do: 'wait', notice: normal('FailedBinding', 'no persistent volumes available for this claim and no storage class is set') };
}

/** '' is a class as well: none. */
const hasClass = ({ metadata, spec }: PersistentVolumeClaim): boolean =>
  metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined || spec?.storageClassName !== undefined;

function consumerNotice(pods: readonly string[]): Notice {
  if (pods.length === 0) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal('WaitForPodScheduled', `waiting for ${pods.length > 1 ? 'pods' : 'pod'} ${pods.join(',')} to be scheduled`);
}

function planProvisioning(claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): ClaimPlan {
  const fail = (message: string): ClaimPlan => ({ do: 'wait', notice: warning('ProvisioningFailed', message) });
  if (!storageClass) return fail(`storageclass.storage.k8s.io "${storageClassOf(claim)}" not found`);
  const provisioner = provisionerOf(storageClass);
  if ('error' in provisioner) return fail(provisioner.error);
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner.name}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  return { do: 'provision', provisioner: provisioner.name, notice: normal('ExternalProvisioning', message) };
}

/** Set by who shrank the report of a volume whose file system is still to be grown. */
const PRE_RESIZE_CAPACITY = 'volume.alpha.kubernetes.io/pre-resize-capacity';

/** The status that the claim should have; undefined when it has it. `volume`: what it is bound to. */
export function claimStatus(
  { status = {} }: PersistentVolumeClaim,
  phase: 'Pending' | 'Bound' | 'Lost',
  volume?: PersistentVolume,
): PersistentVolumeClaim['status'] | undefined {
  const { accessModes: _modes, capacity: _capacity, currentVolumeAttributesClassName: _class, ...rest } = status;
  const next = volume ? { ...status, phase, ...ofVolume(status, phase, volume) } : { ...rest, phase };
  return JSON.stringify(canonical(next)) === JSON.stringify(canonical(status)) ? undefined : next;
}

const canonical = (status: object) =>
  Object.entries(status)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The capacity of a claim that is bound already is left alone: a file system may be smaller than its volume on purpose. */
function ofVolume(status: NonNullable<PersistentVolumeClaim['status']>, phase: string, { metadata, spec }: PersistentVolume) {
  const { accessModes } = spec ?? {};
  if (status.phase === phase) return { accessModes };
  const before = metadata?.annotations?.[PRE_RESIZE_CAPACITY];
  const capacity = before ? { ...status.capacity, storage: before } : spec?.capacity;
  const isFirst = status.phase === 'Pending';
  return { accessModes, capacity, ...(isFirst && { currentVolumeAttributesClassName: spec?.volumeAttributesClassName }) };
}

/** Why nothing happens yet to a bound claim that asks for more than its volume has; undefined when it does not (upstream's expand controller). */
export function expansionNotice(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): Notice | undefined {
  const { capacity, phase } = claim.status ?? {};
  if (phase !== 'Bound' || !capacity?.storage || volume?.spec?.claimRef?.uid !== claim.metadata?.uid) return undefined;
  if (isLargeEnough(claim, { spec: { capacity } })) return undefined;
  return normal('ExternalExpanding', 'waiting for an external controller to expand this PVC');
}
