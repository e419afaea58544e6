import type { PersistentVolume, PersistentVolumeClaim, StatefulSet } from '../../../src/api/schema/generated/types.ts';
import { ordinalOf } from '../pod-facts.ts';
import { NAMESPACE } from '../workload-objects.ts';
import type { Invariant } from './invariant.ts';

export const boundForGood: Invariant = {
  name: 'a volume is bound to one claim, and a claim keeps its volume',
  check({ resource, before, after }, { truth }) {
    if (resource === 'persistentvolumeclaims' && after) {
      const [was, is] = [before as PersistentVolumeClaim | undefined, after as PersistentVolumeClaim];
      const volumeName = is.spec?.volumeName;
      if (is.status?.phase === 'Lost') return 'its volume is lost';
      if (was?.spec?.volumeName && was.spec.volumeName !== volumeName) return `${was.spec.volumeName} becomes ${volumeName}`;
      if (!volumeName || was?.spec?.volumeName) return undefined;
      const others = truth
        .all<PersistentVolumeClaim>('persistentvolumeclaims')
        .filter((claim) => claim.spec?.volumeName === volumeName && claim.metadata?.uid !== is.metadata?.uid);
      return others.length > 0 ? `${volumeName} is bound to ${others.map((o) => o.metadata?.name).join(', ')} already` : undefined;
    }
    if (resource !== 'persistentvolumes' || !before || !after) return undefined;
    const [was, is] = [(before as PersistentVolume).spec?.claimRef, (after as PersistentVolume).spec?.claimRef];
    if (!was?.uid || was.uid === is?.uid) return undefined;
    const claim = truth.get<PersistentVolumeClaim>('persistentvolumeclaims', `${was.namespace}/${was.name}`);
    const isItsOwn = claim?.metadata?.uid === was.uid && claim.spec?.volumeName === after.metadata?.name;
    return isItsOwn ? `it is taken from ${was.name}, which holds it` : undefined;
  },
};

export const claimsStay: Invariant = {
  name: 'a claim of a StatefulSet stays as long as its policy says',
  check({ resource, before, after }, { truth, history }) {
    if (resource !== 'persistentvolumeclaims' || !before) return undefined;
    const isGoing = !after || (after.metadata?.deletionTimestamp && !before.metadata?.deletionTimestamp);
    const namespace = truth.get('namespaces', NAMESPACE);
    if (!isGoing || before.metadata?.deletionTimestamp || !namespace || namespace.metadata?.deletionTimestamp) return undefined;
    const set = truth.get<StatefulSet>('statefulsets.apps', `${NAMESPACE}/db`);
    if (!set) return undefined;
    if (set.spec?.persistentVolumeClaimRetentionPolicy?.whenScaled !== 'Delete') return 'it is to be retained';
    const least = Math.min(...history.recent('statefulsets.apps', set).map((s) => s.spec?.replicas ?? 1));
    return ordinalOf(before) < least ? `${least} members need theirs` : undefined;
  },
};
