import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { claimVolumeOf, isClaimBound } from '../../api/core/volume-binding.ts';
import type { HostPathVolumeSource, PersistentVolume, Pod, Volume } from '../../api/schema/generated/types.ts';
import type { Client } from '../../client/client.ts';
import type { VolumePlugin } from './pod-layout.ts';
import { messageOf } from './volume-error.ts';

/** Where the volume of a claim is on this node. */
export interface ClaimedPath {
  readonly plugin: VolumePlugin;
  readonly source: HostPathVolumeSource;
  readonly readonly: boolean;
  /** The pod's group is to own what is in it, as of local volumes; the administrator's own paths are left as they are. */
  readonly takesGroup: boolean;
}

/** Finds the volumes of claims. Claims and volumes are read one by one: a node may read those of its own pods alone. */
export interface ClaimSource {
  /** undefined: the volume is no claim's. Rejects with an Error in upstream's words when the claim cannot be used. */
  locate(pod: Pod, volume: Volume, options: { signal: AbortSignal }): Promise<ClaimedPath | undefined>;
}

export function createClaimSource({ client }: { client: Client }): ClaimSource {
  async function boundVolume(pod: Pod, claimName: string, ofPod: boolean, signal: AbortSignal): Promise<PersistentVolume> {
    const { namespace, name, uid } = pod.metadata ?? {};
    const failed = (what: string) => (error: unknown) => {
      throw new Error(`failed to fetch ${what} from API server: ${messageOf(error)}`);
    };
    const claim = await client.get(persistentVolumeClaims, claimName, { namespace, signal }).catch(failed('PVC'));
    if (claim.metadata?.deletionTimestamp) throw new Error('PVC is being deleted');
    const isOwned = claim.metadata?.ownerReferences?.some((owner) => owner.controller && owner.uid === uid);
    if (ofPod && !isOwned)
      throw new Error(`PVC ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not the owner)`);
    if (claim.status?.phase !== 'Bound' || !isClaimBound(claim)) throw new Error('PVC is not bound');
    const volumeName = claim.spec?.volumeName ?? '';
    const volume = await client.get(persistentVolumes, volumeName, { signal }).catch(failed(`PV ${volumeName}`));
    if (volume.spec?.claimRef?.uid !== claim.metadata?.uid) throw new Error(`PV ${volumeName} claimRef does not match PVC uid`);
    return volume;
  }

  return {
    async locate(pod, volume, { signal }) {
      const found = claimVolumeOf(pod, volume);
      if (!found) return undefined;
      try {
        const bound = await boundVolume(pod, found.claimName, found.ofPod, signal);
        return claimedPath(bound, volume.persistentVolumeClaim?.readOnly ?? false);
      } catch (error) {
        signal.throwIfAborted();
        throw new Error(`error processing PVC ${pod.metadata?.namespace}/${found.claimName}: ${messageOf(error)}`, { cause: error });
      }
    },
  };
}

function claimedPath({ metadata, spec }: PersistentVolume, readonly: boolean): ClaimedPath {
  if (spec?.volumeMode === 'Block') throw new Error('volumes of mode Block are not built yet');
  if (spec?.hostPath) return { plugin: 'host-path', source: spec.hostPath, readonly, takesGroup: false };
  if (spec?.local) return { plugin: 'local-volume', source: { path: spec.local.path, type: 'Directory' }, readonly, takesGroup: true };
  throw new Error(`PV ${metadata?.name} is neither hostPath nor local: other volumes are not built yet`);
}
