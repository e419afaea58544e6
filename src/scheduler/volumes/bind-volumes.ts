import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { isClaimBound, SELECTED_NODE } from '../../api/core/volume-binding.ts';
import { fitsVolumeAffinity } from '../../api/core/volume-matching.ts';
import { type KubeObject, objectKey } from '../../api/meta/object.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import type { Clock } from '../../base/clock.ts';
import { createNotifier } from '../../base/notifier.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { VolumeDecision } from './pod-volumes-plan.ts';

export interface BindVolumesOptions {
  readonly client: Client;
  readonly volumes: Informer<PersistentVolume>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** The node as it is now. */
  readonly node: () => Node | undefined;
  /** Is the pod still there? */
  readonly isWanted: () => boolean;
}

/**
 * Reserves volumes for claims, asks for those that are to be made, and resolves when the binder has bound all. Rejects with upstream's sentence when
 * that cannot be any more: the pod is scheduled anew.
 */
export async function bindVolumes(
  decision: VolumeDecision,
  options: BindVolumesOptions,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const { client, volumes, claims, clock, timeoutMs } = options;
  const written: { bindings: VolumeDecision['bindings'][number][]; provisions: PersistentVolumeClaim[] } = { bindings: [], provisions: [] };
  for (const { volume, claim } of decision.bindings) {
    written.bindings.push({ claim, volume: await client.update(persistentVolumes, volume, { signal }) });
  }
  for (const claim of decision.provisions) written.provisions.push(await client.update(persistentVolumeClaims, claim, { signal }));
  const changes = createNotifier();
  let isLate = false;
  using _volumes = volumes.onChange(() => changes.notify());
  using _claims = claims.onChange(() => changes.notify());
  using _timer = clock.timer(timeoutMs, () => {
    isLate = true;
    changes.notify();
  });
  while (!areBound(written, options)) {
    if (isLate) throw new Error('binding volumes: context deadline exceeded');
    await changes.wait({ signal });
    signal.throwIfAborted();
  }
}

/** The informer is not as far as what was written. */
const isBehind = (seen: KubeObject, written: KubeObject) =>
  Number(seen.metadata?.resourceVersion) < Number(written.metadata?.resourceVersion);

/** Throws when the binding was undone. */
function areBound({ bindings, provisions }: VolumeDecision, options: BindVolumesOptions): boolean {
  const fail = (why: string) => new Error(`binding volumes: ${why}`);
  const node = options.node();
  if (!node) throw fail('failed to get node: it does not exist any more');
  if (!options.isWanted()) throw fail('pod does not exist any more');
  const checkAffinity = (volume: PersistentVolume) => {
    if (fitsVolumeAffinity(volume, node)) return;
    throw fail(`pv "${volume.metadata?.name}" node affinity doesn't match node "${node.metadata?.name}": no matching NodeSelectorTerms`);
  };
  const isBound = (claim: PersistentVolumeClaim, seen: PersistentVolumeClaim | undefined) => {
    if (!seen) throw fail(`failed to check binding: could not find v1.PersistentVolumeClaim "${objectKey(claim)}"`);
    return isClaimBound(seen);
  };
  const areReservedBound = bindings.map(({ volume, claim }) => {
    const seen = options.volumes.get(objectKey(volume));
    if (!seen) throw fail(`failed to check binding: could not find v1.PersistentVolume "${objectKey(volume)}"`);
    if (isBehind(seen, volume)) return false;
    checkAffinity(seen);
    if (!seen.spec?.claimRef?.uid) throw fail(`ClaimRef got reset for pv "${objectKey(volume)}"`);
    return isBound(claim, options.claims.get(objectKey(claim)));
  });
  const areMadeBound = provisions.map((claim) => {
    const seen = options.claims.get(objectKey(claim));
    if (seen && isBehind(seen, claim)) return false;
    if (seen && seen.metadata?.annotations?.[SELECTED_NODE] !== node.metadata?.name) {
      throw fail(`provisioning failed for PVC "${claim.metadata?.name}"`);
    }
    const made = options.volumes.get(seen?.spec?.volumeName ?? '');
    if (made) checkAffinity(made);
    return isBound(claim, seen) && made !== undefined;
  });
  return [...areReservedBound, ...areMadeBound].every(Boolean);
}
