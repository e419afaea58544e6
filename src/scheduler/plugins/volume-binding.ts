import { persistentVolumes } from '../../api/core/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/core/persistent-volume-claim.ts';
import { pods } from '../../api/core/pod.ts';
import { storageClassOf } from '../../api/core/storage-class-of.ts';
import {
  claimKeyOf,
  claimKeysOf,
  claimVolumes,
  isClaimBound,
  SELECTED_NODE,
  volumeBoundTo,
  withAnnotations,
} from '../../api/core/volume-binding.ts';
import { resourceId } from '../../api/define.ts';
import { objectKey } from '../../api/meta/object.ts';
import type {
  CSIDriver,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StorageClass,
} from '../../api/schema/generated/types.ts';
import { csiDrivers } from '../../api/storage/csi-driver.ts';
import { csiStorageCapacities } from '../../api/storage/csi-storage-capacity.ts';
import { storageClasses } from '../../api/storage/storage-class.ts';
import { quantityValue } from '../../base/quantity.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import { type CycleState, stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';
import { AssumeCache } from '../volumes/assume-cache.ts';
import { bindVolumes } from '../volumes/bind-volumes.ts';
import {
  claimProblem,
  decideVolumes,
  type PodClaims,
  sortClaims,
  type VolumeDecision,
  type VolumeView,
} from '../volumes/pod-volumes-plan.ts';
import { hasCapacity } from '../volumes/topology-plan.ts';

const NAME = 'VolumeBinding';
const CLASS_INDEX = 'class';
/** Upstream's default of bindTimeoutSeconds. */
const BIND_TIMEOUT_SECONDS = 600;

interface Remembered {
  readonly claims: PodClaims;
  /** By node. */
  readonly decisions: Map<string, VolumeDecision>;
}
const KEY = stateKey<Remembered>();

const refuse = (...reasons: string[]): Refusal => refusal(NAME, 'UnschedulableAndUnresolvable', ...reasons);

const isOwnClaim = (pod: Pod, { object }: ClusterEvent) => claimKeysOf(pod).includes(objectKey(object));
/** A volume that another claim has now helps nobody else. */
const isForPod = (pod: Pod, { object }: ClusterEvent) => {
  const key = claimKeyOf(object as PersistentVolume);
  return key === undefined || claimKeysOf(pod).includes(key);
};
const isNewTopology = (_pod: Pod, { object, previous }: ClusterEvent) =>
  !previous || JSON.stringify((object as StorageClass).allowedTopologies) !== JSON.stringify((previous as StorageClass).allowedTopologies);
/** A driver that no longer publishes what it has left is no longer asked. */
const isUnlimited = (_pod: Pod, { object, previous }: ClusterEvent) =>
  !(object as CSIDriver).spec.storageCapacity && (previous as CSIDriver | undefined)?.spec.storageCapacity === true;

function isMoreCapacity(_pod: Pod, { object, previous }: ClusterEvent): boolean {
  if (!previous) return true;
  const [now, before] = [object, previous] as [CSIStorageCapacity, CSIStorageCapacity];
  const isMore = (field: 'capacity' | 'maximumVolumeSize') => quantityValue(now[field] ?? '0') > quantityValue(before[field] ?? '0');
  return isMore('capacity') || isMore('maximumVolumeSize') || JSON.stringify(now.nodeTopology) !== JSON.stringify(before.nodeTopology);
}

const EVENTS: readonly EventInterest[] = [
  { resource: 'persistentvolumeclaims', actions: Action.add | Action.update, isHelpful: isOwnClaim },
  { resource: 'persistentvolumes', actions: Action.add | Action.update, isHelpful: isForPod },
  { resource: resourceId(storageClasses), actions: Action.add | Action.update, isHelpful: isNewTopology },
  { resource: 'nodes', actions: Action.add | Action.nodeLabels },
  { resource: resourceId(csiDrivers), actions: Action.update, isHelpful: isUnlimited },
  { resource: resourceId(csiStorageCapacities), actions: Action.add | Action.update, isHelpful: isMoreCapacity },
];

/**
 * Bound claims allow the nodes that reach their volumes; for claims that wait for their first consumer a volume is found, or its making asked for, with
 * the node (https://kubernetes.io/docs/concepts/storage/storage-classes/#volume-binding-mode). Binding the pod waits for that.
 */
export const volumeBinding: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known(['bindTimeoutSeconds']);
    const timeoutMs = args.integer('bindTimeoutSeconds', BIND_TIMEOUT_SECONDS) * 1000;
    return (handle) => makePlugin(handle, timeoutMs);
  },
};

function makePlugin(handle: SchedulerHandle, timeoutMs: number): SchedulerPlugin {
  const { informers, client, clock, snapshot } = handle;
  const claimInformer = informers.informer(persistentVolumeClaims);
  const volumeInformer = informers.informer(persistentVolumes, { indexes: { [CLASS_INDEX]: (volume) => [storageClassOf(volume)] } });
  const podInformer = informers.informer(pods);
  const claims = new AssumeCache<PersistentVolumeClaim>(claimInformer);
  const volumes = new AssumeCache<PersistentVolume>(volumeInformer);
  const view = viewOf(handle, volumes);

  function restore({ bindings, provisions }: VolumeDecision): void {
    for (const { volume } of bindings) volumes.restore(objectKey(volume));
    for (const claim of provisions) claims.restore(objectKey(claim));
  }

  return {
    name: NAME,
    events: EVENTS,
    preFilter(state, { pod, namespace }) {
      const wanted = claimVolumes(pod);
      if (wanted.length === 0) return SKIP;
      const find = (name: string) => claims.get(`${namespace}/${name}`);
      const problem = claimProblem(pod, find);
      if (problem) return refuse(problem);
      const sorted = sortClaims(
        wanted.flatMap(({ claimName }) => find(claimName) ?? []),
        (claim) => view.storageClass(storageClassOf(claim)),
      );
      if (sorted.immediate.length > 0) return refuse('pod has unbound immediate PersistentVolumeClaims');
      state.write(KEY, { claims: sorted, decisions: new Map() });
      return undefined;
    },
    filter(state, _pod, { node, name }) {
      const remembered = state.read(KEY);
      if (!remembered) return undefined;
      const decision = decideVolumes(remembered.claims, node, view);
      if ('reasons' in decision) return refuse(...decision.reasons);
      remembered.decisions.set(name, decision);
      return undefined;
    },
    reserve(state, _pod, nodeName) {
      const remembered = state.read(KEY);
      const decision = remembered?.decisions.get(nodeName);
      if (!remembered || !decision) return undefined;
      const assumed = assume(decision, nodeName);
      for (const { volume } of assumed.bindings) volumes.assume(objectKey(volume), volume);
      for (const claim of assumed.provisions) claims.assume(objectKey(claim), claim);
      remembered.decisions.set(nodeName, assumed);
      return undefined;
    },
    unreserve(state, _pod, nodeName) {
      const decision = state.read(KEY)?.decisions.get(nodeName);
      if (decision) restore(decision);
    },
    preBindWorks(state, _pod, nodeName) {
      const decision = state.read(KEY)?.decisions.get(nodeName);
      return decision !== undefined && decision.bindings.length + decision.provisions.length > 0;
    },
    async preBind(state: CycleState, { pod }, nodeName, { signal }) {
      const decision = state.read(KEY)?.decisions.get(nodeName);
      if (!decision) return undefined;
      const node = () => snapshot.node(nodeName)?.node;
      const isWanted = () => podInformer.get(objectKey(pod))?.metadata?.uid === pod.metadata?.uid;
      await bindVolumes(decision, { client, volumes: volumeInformer, claims: claimInformer, clock, timeoutMs, node, isWanted }, { signal });
      return undefined;
    },
  };
}

/** The decision with its objects as they are to be written. */
function assume({ bindings, provisions }: VolumeDecision, nodeName: string): VolumeDecision {
  return {
    bindings: bindings.map(({ volume, claim }) => ({ claim, volume: volumeBoundTo(volume, claim) ?? volume })),
    provisions: provisions.filter((claim) => !isClaimBound(claim)).map((claim) => withAnnotations(claim, { [SELECTED_NODE]: nodeName })),
  };
}

function viewOf({ informers }: SchedulerHandle, volumes: AssumeCache<PersistentVolume>): VolumeView {
  const classes = informers.informer(storageClasses);
  const drivers = informers.informer(csiDrivers);
  const capacities = informers.informer(csiStorageCapacities, { indexes: { [CLASS_INDEX]: ({ storageClassName }) => [storageClassName] } });
  return {
    volume: (name) => volumes.get(name),
    volumesOfClass: (className) => volumes.by(CLASS_INDEX, className, objectKey),
    storageClass: (className) => classes.get(className),
    hasCapacity: (claim, { metadata, provisioner }, node) =>
      hasCapacity(claim, drivers.get(provisioner), capacities.by(CLASS_INDEX, metadata?.name ?? ''), node),
  };
}
