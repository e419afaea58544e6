import { resourceId } from '../../api/define.ts';
import { objectKey } from '../../api/meta/object.ts';
import { deviceClasses } from '../../api/resource/device-class.ts';
import { isReservedFor, resourceClaimKeysOf } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { AllocationResult, Pod, ResourceSlice, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { AllocationTimeout, type AllocatorView, allocate } from '../devices/allocator-plan.ts';
import { deallocateClaim, reserveClaim, unreserveClaim } from '../devices/claim-steps.ts';
import { byDevice, DeviceLedger } from '../devices/device-ledger.ts';
import { claimsOf, isUsableFrom, missingClass } from '../devices/pod-claims-plan.ts';
import { poolId } from '../devices/pools-plan.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';

const NAME = 'DynamicResources';
const POOL_INDEX = 'pool';

const impossible = (reason: string): Refusal => refusal(NAME, 'UnschedulableAndUnresolvable', reason);
const NOT_ENOUGH = refusal(NAME, 'Unschedulable', 'cannot allocate all claims');
const ELSEWHERE = refusal(NAME, 'Unschedulable', 'resourceclaim not available on the node');
const TIMEOUT = refusal(NAME, 'Unschedulable', 'timed out trying to allocate devices');

interface Remembered {
  readonly claims: readonly ResourceV1ResourceClaim[];
  readonly view: AllocatorView;
  /** Devices for the claims that have none, by node, in their order. */
  readonly decided: Map<string, readonly AllocationResult[]>;
  /** Claims whose devices a node does not reach. */
  readonly misplaced: Set<ResourceV1ResourceClaim>;
  /** Devices were written to the API, or may have been. */
  started: boolean;
}
const KEY = stateKey<Remembered>();

const hasDevices = ({ status }: ResourceV1ResourceClaim) => status?.allocation !== undefined;
const open = (claims: readonly ResourceV1ResourceClaim[]) => claims.filter((claim) => !hasDevices(claim));

/** A claim of the pod, or one that gives its devices back. */
function isHelpfulClaim(pod: Pod, { object, previous, actions }: ClusterEvent): boolean {
  if (resourceClaimKeysOf(pod).includes(objectKey(object))) return true;
  const before = (previous ?? object) as ResourceV1ResourceClaim;
  return hasDevices(before) && (actions === Action.delete || !hasDevices(object as ResourceV1ResourceClaim));
}

const EVENTS: readonly EventInterest[] = [
  { resource: 'nodes', actions: Action.add | Action.nodeLabels | Action.nodeTaints },
  { resource: resourceId(resourceClaims), actions: Action.add | Action.update | Action.delete, isHelpful: isHelpfulClaim },
  { resource: 'pods/unscheduled', actions: Action.podResourceClaims },
  { resource: resourceId(deviceClasses), actions: Action.add | Action.update },
  { resource: resourceId(resourceSlices), actions: Action.add | Action.update },
];

/**
 * Devices for the claims of pods by structured parameters (KEP-4381;
 * https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/): chosen in `filter`, held in `reserve`, written in `preBind`.
 */
export const dynamicResources: PluginDefinition = {
  name: NAME,
  configure(args) {
    args.known([]);
    return makePlugin;
  },
};

function makePlugin({ informers, client, background, log }: SchedulerHandle): SchedulerPlugin {
  const claims = informers.informer(resourceClaims, { indexes: byDevice });
  const classes = informers.informer(deviceClasses);
  const slices = informers.informer(resourceSlices, { indexes: { [POOL_INDEX]: (slice) => [poolId(slice)] } });
  const ledger = new DeviceLedger(claims);
  const find = (pod: Pod) => claimsOf(pod, (name) => claims.get(`${pod.metadata?.namespace}/${name}`));
  const classOf = (name: string) => classes.get(name);

  /** All slices by pool, as they are now. */
  function pools(): readonly (readonly ResourceSlice[])[] {
    const ids = [...new Set(slices.list().map(poolId))].sort();
    return ids.map((id) => slices.by(POOL_INDEX, id));
  }

  const later = (what: string, claim: ResourceV1ResourceClaim, work: (signal: AbortSignal) => Promise<void>) =>
    background(({ signal }) =>
      work(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ error, claim: objectKey(claim) }, what);
      }),
    );

  return {
    name: NAME,
    events: EVENTS,
    preEnqueue(pod) {
      if (!pod.spec?.resourceClaims?.length) return undefined;
      const found = find(pod);
      return 'problem' in found ? impossible(found.problem) : undefined;
    },
    preFilter(state, { pod }) {
      if (!pod.spec?.resourceClaims?.length) return SKIP;
      const found = find(pod);
      if ('problem' in found) return impossible(found.problem);
      if (found.claims.length === 0) return SKIP;
      const pending = open(found.claims);
      const missing = pending.map((claim) => missingClass(claim, classOf)).find((problem) => problem !== undefined);
      if (missing) return impossible(missing);
      const decided = pending.find((claim) => ledger.isDecided(claim));
      if (decided) return impossible(`resource claim ${objectKey(decided)} is in the process of being allocated`);
      const view: AllocatorView = {
        pools: pending.length > 0 ? pools() : [],
        deviceClass: classOf,
        isInUse: (device) => ledger.isInUse(device),
      };
      state.write(KEY, { claims: found.claims, view, decided: new Map(), misplaced: new Set(), started: false });
      return undefined;
    },
    filter(state, _pod, { node, name }) {
      const remembered = state.read(KEY);
      if (!remembered) return undefined;
      const misplaced = remembered.claims.filter((claim) => hasDevices(claim) && !isUsableFrom(claim, node));
      for (const claim of misplaced) remembered.misplaced.add(claim);
      if (misplaced.length > 0) return ELSEWHERE;
      const pending = open(remembered.claims);
      if (pending.length === 0) return undefined;
      try {
        const found = allocate(pending, node, remembered.view);
        if (!found) return NOT_ENOUGH;
        remembered.decided.set(name, found);
        return undefined;
      } catch (error) {
        if (error instanceof AllocationTimeout) return TIMEOUT;
        throw error;
      }
    },
    /** Devices that nobody uses and that keep the pod from every node are given back. */
    postFilter(state) {
      const free = [...(state.read(KEY)?.misplaced ?? [])].find(({ status }) => !status?.reservedFor?.length);
      if (!free) return { made: 'nothing', message: 'no new claims to deallocate' };
      later('deallocating a claim failed', free, (signal) => deallocateClaim(free, { client, signal }));
      return { made: 'nothing', message: 'deallocation of ResourceClaim completed' };
    },
    reserve(state, _pod, nodeName) {
      const remembered = state.read(KEY);
      const found = remembered?.decided.get(nodeName) ?? [];
      for (const [i, claim] of open(remembered?.claims ?? []).entries()) {
        const allocation = found[i];
        if (allocation) ledger.decide(claim, allocation);
      }
      return undefined;
    },
    unreserve(state, { pod }) {
      const remembered = state.read(KEY);
      for (const claim of remembered?.claims ?? []) {
        if (!hasDevices(claim)) ledger.forget(claim);
        if (remembered?.started || isReservedFor(claim, pod)) {
          later('taking a pod off a claim failed', claim, (signal) => unreserveClaim(claim, pod, { client, signal }));
        }
      }
    },
    async preBind(state, { pod }, nodeName, { signal }) {
      const remembered = state.read(KEY);
      if (!remembered) return undefined;
      remembered.started = true;
      const pending = open(remembered.claims);
      const found = remembered.decided.get(nodeName) ?? [];
      for (const claim of remembered.claims) {
        const allocation = hasDevices(claim) ? undefined : found[pending.indexOf(claim)];
        const written = await reserveClaim(claim, allocation, pod, { client, signal });
        if (allocation) ledger.written(claim, Number(written.metadata?.resourceVersion));
      }
      return undefined;
    },
  };
}
