import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import {
  BETA_STORAGE_PROVISIONER,
  claimBoundTo,
  STORAGE_PROVISIONER,
  volumeBoundTo,
  withAnnotations,
} from '../../api/core/volume-binding.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import type { ReconcileRequest } from '../../client/controller.ts';
import { claimStatus } from './claim-plan.ts';

// Every write carries the version that was read: who decided on an old state fails with a conflict and decides again.

/** Volume first, then the claim: a binding that stops half-way is completed by the next run, and no claim points at a volume that is not its own. */
export async function bind(request: ReconcileRequest, volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
  const { client, signal } = request;
  const referring = volumeBoundTo(volume, claim);
  const written = referring ? await client.update(persistentVolumes, referring, { signal }) : volume;
  const taken = await setPhase(request, written, 'Bound');
  const named = claimBoundTo(claim, taken);
  const bound = named ? await client.update(persistentVolumeClaims, named, { signal }) : claim;
  await setClaimStatus(request, bound, 'Bound', taken);
}

export async function unbind(request: ReconcileRequest, freed: PersistentVolume): Promise<void> {
  const { client, signal } = request;
  await setPhase(request, await client.update(persistentVolumes, freed, { signal }), 'Available');
}

export async function setPhase(
  { client, clock, signal }: ReconcileRequest,
  volume: PersistentVolume,
  phase: 'Available' | 'Bound' | 'Released' | 'Failed',
  message?: string,
): Promise<PersistentVolume> {
  if (volume.status?.phase === phase) return volume;
  const { message: _, ...status } = volume.status ?? {};
  const next = { ...status, phase, ...(message && { message }), lastPhaseTransitionTime: rfc3339(clock.now()) };
  return client.update(persistentVolumes, { ...volume, status: next }, { subresource: 'status', signal });
}

/** Resolves with whether there was anything to write. */
export async function setClaimStatus(
  { client, signal }: ReconcileRequest,
  claim: PersistentVolumeClaim,
  phase: 'Pending' | 'Bound' | 'Lost',
  volume?: PersistentVolume,
): Promise<boolean> {
  const status = claimStatus(claim, phase, volume);
  if (status) await client.update(persistentVolumeClaims, { ...claim, status }, { subresource: 'status', signal });
  return status !== undefined;
}

export async function assignClass({ client, signal }: ReconcileRequest, claim: PersistentVolumeClaim, className: string): Promise<void> {
  await client.update(persistentVolumeClaims, { ...claim, spec: { ...claim.spec, storageClassName: className } }, { signal });
}

/** External provisioners begin when they see their name. */
export async function setProvisioner({ client, signal }: ReconcileRequest, claim: PersistentVolumeClaim, name: string): Promise<void> {
  if (claim.metadata?.annotations?.[STORAGE_PROVISIONER] === name) return;
  const asked = withAnnotations(claim, { [BETA_STORAGE_PROVISIONER]: name, [STORAGE_PROVISIONER]: name });
  await client.update(persistentVolumeClaims, asked, { signal });
}
