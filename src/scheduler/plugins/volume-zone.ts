import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { claimKeysOf } from '../../api/core/volume-binding.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { PersistentVolume } from '../../api/schema/generated/types.ts';
import { Action } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';

const NAME = 'VolumeZone';
const CONFLICT = refusal(NAME, 'UnschedulableAndUnresolvable', 'node(s) had no available volume zone');

/** Old labels, and the names that nodes have them by today. */
const TODAY: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
};
const LABELS = [...Object.keys(TODAY), ...Object.values(TODAY)];

interface Topology {
  readonly label: string;
  readonly values: readonly string[];
}
const KEY = stateKey<readonly Topology[]>();

/** A volume in several zones has them in one label, `a__b`. */
const topologyOf = ({ metadata }: PersistentVolume): Topology[] =>
  LABELS.flatMap((label) => {
    const value = metadata?.labels?.[label];
    return value === undefined ? [] : [{ label, values: value.split('__').map((zone) => zone.trim()) }];
  });

/** Volumes that carry labels of a zone or region are used from nodes of it: what cloud volumes had before node affinity. */
export const volumeZone: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known([]);
    return ({ informers }) => {
      const claims = informers.informer(persistentVolumeClaims);
      const volumes = informers.informer(persistentVolumes);
      return {
        name: NAME,
        events: [
          {
            resource: 'persistentvolumeclaims',
            actions: Action.add | Action.update,
            isHelpful: (pod, { object }) => claimKeysOf(pod).includes(objectKey(object)),
          },
          { resource: 'persistentvolumes', actions: Action.add | Action.update },
          { resource: 'nodes', actions: Action.add | Action.nodeLabels },
        ],
        preFilter(state, { pod }) {
          const topologies = claimKeysOf(pod).flatMap((key) => {
            const volume = volumes.get(claims.get(key)?.spec?.volumeName ?? '');
            return volume ? topologyOf(volume) : [];
          });
          if (topologies.length === 0) return SKIP;
          state.write(KEY, topologies);
          return undefined;
        },
        filter(state, _pod, { labels = {} }) {
          // A node that is nowhere: one of a cluster without zones.
          if (!LABELS.some((label) => labels[label] !== undefined)) return undefined;
          const fits = ({ label, values }: Topology) => {
            const value = labels[label] ?? labels[TODAY[label] ?? ''];
            return value !== undefined && values.includes(value);
          };
          return state.read(KEY)?.every(fits) === false ? CONFLICT : undefined;
        },
      };
    };
  },
};
