import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { claimKeysOf, claimVolumes } from '../../api/core/volume-binding.ts';
import { resourceId } from '../../api/define.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { CSINode, Pod, VolumeAttachment } from '../../api/schema/generated/types.ts';
import { csiNodes } from '../../api/storage/csi-node.ts';
import { storageClasses } from '../../api/storage/storage-class.ts';
import { volumeAttachments } from '../../api/storage/volume-attachment.ts';
import { Action } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import { SKIP } from '../framework/plugin.ts';
import { refusal } from '../framework/refusal.ts';
import { type CsiVolumeView, csiVolumesOf } from '../volumes/csi-volumes-plan.ts';

const NAME = 'NodeVolumeLimits';
const NODE_INDEX = 'node';
const EXCEEDED = refusal(NAME, 'Unschedulable', 'node(s) exceed max volume count');

/** The pod's volumes: driver by volume. */
const KEY = stateKey<ReadonlyMap<string, string>>();

const limitsOf = (node: CSINode): Map<string, number> =>
  new Map(
    (node.spec.drivers ?? []).flatMap(({ name, allocatable }) => (allocatable?.count === undefined ? [] : [[name, allocatable.count]])),
  );

/** A node takes no more volumes of a CSI driver than the driver said (https://kubernetes.io/docs/concepts/storage/storage-limits/). */
export const nodeVolumeLimits: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known([]);
    return ({ informers }) => {
      const claims = informers.informer(persistentVolumeClaims);
      const volumes = informers.informer(persistentVolumes);
      const classes = informers.informer(storageClasses);
      const nodes = informers.informer(csiNodes);
      const attachments = informers.informer(volumeAttachments, { indexes: { [NODE_INDEX]: ({ spec }) => [spec.nodeName] } });
      const view: CsiVolumeView = {
        claim: (key) => claims.get(key),
        volume: (name) => volumes.get(name),
        storageClass: (name) => classes.get(name),
      };

      /** Attached by somebody: the pods on the node, or pods that left and whose volumes are not detached yet. */
      function attached(nodeName: string, pods: Iterable<{ readonly pod: Pod }>): Map<string, string> {
        const all = new Map<string, string>();
        for (const { pod } of pods) for (const [volume, driver] of csiVolumesOf(pod, view)) all.set(volume, driver);
        for (const { spec } of attachments.by(NODE_INDEX, nodeName)) {
          const csi = volumes.get(spec.source.persistentVolumeName ?? '')?.spec?.csi;
          if (csi) all.set(`${csi.driver}/${csi.volumeHandle}`, csi.driver);
        }
        return all;
      }

      return {
        name: NAME,
        events: [
          { resource: resourceId(csiNodes), actions: Action.add | Action.update },
          { resource: 'pods/assigned', actions: Action.delete, isHelpful: (_pod, { object }) => claimVolumes(object as Pod).length > 0 },
          {
            resource: 'persistentvolumeclaims',
            actions: Action.add | Action.update,
            isHelpful: (pod, { object }) => claimKeysOf(pod).includes(objectKey(object)),
          },
          {
            resource: resourceId(volumeAttachments),
            actions: Action.delete,
            isHelpful: (_pod, { object }) => (object as VolumeAttachment).spec.source.persistentVolumeName !== undefined,
          },
        ],
        preFilter(state, { pod }) {
          const wanted = csiVolumesOf(pod, view);
          if (wanted.size === 0) return SKIP;
          state.write(KEY, wanted);
          return undefined;
        },
        filter(state, _pod, node) {
          const wanted = state.read(KEY);
          const csiNode = nodes.get(node.name);
          if (!wanted || !csiNode) return undefined;
          const limits = limitsOf(csiNode);
          if (![...wanted.values()].some((driver) => limits.has(driver))) return undefined;
          const before = attached(node.name, node.pods());
          const counted = new Map([...before, ...wanted]);
          const growing = new Set([...wanted].filter(([volume]) => !before.has(volume)).map(([, driver]) => driver));
          for (const driver of growing) {
            const count = [...counted.values()].filter((one) => one === driver).length;
            if (count > (limits.get(driver) ?? Number.POSITIVE_INFINITY)) return EXCEEDED;
          }
          return undefined;
        },
      };
    };
  },
};
