import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { claimKeysOf, claimVolumes } from '../../api/core/volume-binding.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';
import { isDiskConflict, sharedDisks } from '../volumes/disk-conflict-plan.ts';

const NAME = 'VolumeRestrictions';
const DISK_CONFLICT = refusal(NAME, 'Unschedulable', 'node(s) had no available disk');
const ONCE_CONFLICT = refusal(
  NAME,
  'Unschedulable',
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);
const ONCE_POD = 'ReadWriteOncePod';

/** Claims of the pod that one pod alone may use, and how many uses by others there are. */
class Exclusive {
  readonly claims: ReadonlySet<string>;
  uses: number;

  constructor(claims: ReadonlySet<string>, uses: number) {
    this.claims = claims;
    this.uses = uses;
  }

  clone(): this {
    return new Exclusive(this.claims, this.uses) as this;
  }

  change(other: Pod, sign: 1 | -1): void {
    this.uses += sign * claimKeysOf(other).filter((key) => this.claims.has(key)).length;
  }
}
const KEY = stateKey<Exclusive>();

const conflicts = (pod: Pod, other: Pod) =>
  sharedDisks(pod).some((mine) => sharedDisks(other).some((theirs) => isDiskConflict(mine, theirs)));
const sharesClaim = (pod: Pod, other: Pod) => {
  const theirs = claimKeysOf(other);
  return claimKeysOf(pod).some((key) => theirs.includes(key));
};

/** Disks that one node may write to at a time, and claims that one pod may use (KEP-2485). */
export const volumeRestrictions: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known([]);
    return ({ informers, snapshot }) => {
      const claims = informers.informer(persistentVolumeClaims);
      return {
        name: NAME,
        events: [
          {
            resource: 'pods/assigned',
            actions: Action.delete,
            isHelpful: (pod, { object }) => conflicts(pod, object as Pod) || sharesClaim(pod, object as Pod),
          },
          { resource: 'nodes', actions: Action.add },
          {
            resource: 'persistentvolumeclaims',
            actions: Action.add | Action.update,
            isHelpful: (pod, { object }) => claimKeysOf(pod).includes(objectKey(object)),
          },
        ],
        preFilter(state, { pod, namespace }) {
          const missing = claimVolumes(pod).find(({ claimName, ofPod }) => !ofPod && !claims.get(`${namespace}/${claimName}`));
          if (missing) return refusal(NAME, 'UnschedulableAndUnresolvable', `persistentvolumeclaim "${missing.claimName}" not found`);
          const isExclusive = (key: string) => claims.get(key)?.spec?.accessModes?.includes(ONCE_POD) ?? false;
          const exclusive = new Set(claimKeysOf(pod).filter(isExclusive));
          if (exclusive.size === 0 && sharedDisks(pod).length === 0) return SKIP;
          state.write(KEY, new Exclusive(exclusive, [...exclusive].filter((key) => snapshot.isClaimUsed(key)).length));
          return undefined;
        },
        addPod: (state, _pod, other) => state.read(KEY)?.change(other.pod, 1),
        removePod: (state, _pod, other) => state.read(KEY)?.change(other.pod, -1),
        filter(state, { pod }, node) {
          const disks = sharedDisks(pod);
          if (disks.length > 0 && [...node.pods()].some((other) => conflicts(pod, other.pod))) return DISK_CONFLICT;
          return (state.read(KEY)?.uses ?? 0) > 0 ? ONCE_CONFLICT : undefined;
        },
      };
    };
  },
};
