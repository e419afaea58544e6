import { resourceId } from '../../api/define.ts';
import { objectKey } from '../../api/meta/object.ts';
import { deviceClasses } from '../../api/resource/device-class.ts';
import { isReservedFor, resourceClaimKeysOf } from '../../api/resource/pod-claims.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { AllocationResult, Node, Pod, ResourceSlice, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { goDurationMs } from '../../base/go-duration.ts';
import { uuid } from '../../base/random.ts';
import type { ConfigReader } from '../config/config-reader.ts';
import { AllocationTimeout, type AllocatorView, allocate, UnusableNode } from '../devices/allocator-plan.ts';
import { awaitDevices } from '../devices/await-devices.ts';
import { hasBindingConditions, readinessOf } from '../devices/binding-conditions-plan.ts';
import { deallocateClaim, isUnusedBut, reserveClaim, unreserveClaim } from '../devices/claim-steps.ts';
import { followClassResources } from '../devices/class-resources.ts';
import { createExtendedClaim, deleteExtendedClaim, recordExtendedClaim } from '../devices/extended-claim.ts';
import {
  type ExtendedClaim,
  extendedClaimFor,
  extendedResourcesOf,
  isExtendedClaimOf,
  resourcesByClass,
} from '../devices/extended-claim-plan.ts';
import { claimsOf, isUsableFrom, missingClass } from '../devices/pod-claims-plan.ts';
import { poolId } from '../devices/pools-plan.ts';
import { Action, type ClusterEvent, type EventInterest } from '../framework/cluster-event.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { PluginDefinition } from '../framework/definition.ts';
import type { SchedulerHandle } from '../framework/handle.ts';
import { fitToMaximum } from '../framework/normalize.ts';
import { type SchedulerPlugin, SKIP } from '../framework/plugin.ts';
import { type Refusal, refusal } from '../framework/refusal.ts';

const NAME = 'DynamicResources';
const POOL_INDEX = 'pool';
/** Upstream's defaults of filterTimeout and bindingTimeout. */
const FILTER_TIMEOUT_MS = 10_000;
const BINDING_TIMEOUT_MS = 600_000;

const impossible = (reason: string): Refusal => refusal(NAME, 'UnschedulableAndUnresolvable', reason);
// No pod that goes would help at once: claims keep their devices until they are given back.
const NOT_ENOUGH = impossible('cannot allocate all claims');
const ELSEWHERE = impossible('resourceclaim not available on the node');
const NOWHERE = impossible('cannot fit resource');
const LEFT_OVER = impossible('cannot schedule extended resource claim');

interface Decided {
  /** For the claims that have none, in their order, and last for the extended resources. */
  readonly devices: readonly AllocationResult[];
  /** Absent where the node counts the pod's extended resources itself. */
  readonly extended?: ExtendedClaim;
}

interface Remembered {
  /** Those that the pod names. */
  readonly claims: readonly ResourceV1ResourceClaim[];
  /** Extended resources that devices may stand for. */
  readonly resources: readonly string[] | undefined;
  /** A claim for them that an attempt before left: it is not known any more which node it was meant for. */
  readonly leftOver: ResourceV1ResourceClaim | undefined;
  /** The claim for them, once it is in the API. */
  created?: ResourceV1ResourceClaim;
  readonly view: AllocatorView;
  /** By node. */
  readonly decided: Map<string, Decided>;
  /** Claims whose devices a node does not reach, or could not be prepared. */
  readonly misplaced: Set<ResourceV1ResourceClaim>;
  /** Devices were written to the API, or may have been. */
  started: boolean;
}
const KEY = stateKey<Remembered>();

const hasDevices = ({ status }: ResourceV1ResourceClaim) => status?.allocation !== undefined;
const open = (claims: readonly ResourceV1ResourceClaim[]) => claims.filter((claim) => !hasDevices(claim));

/** What the API allows: so many alternatives a request has at most (FirstAvailableDeviceRequestMaxSize). */
const MAX_ALTERNATIVES = 8;

/** More for alternatives that come first in their requests. */
function preference({ spec }: ResourceV1ResourceClaim, allocation: AllocationResult | undefined): number {
  const chosen = new Set(allocation?.devices?.results?.map(({ request }) => request));
  const alternatives = (spec.devices?.requests ?? []).flatMap(({ name, firstAvailable = [] }) =>
    firstAvailable.map((one, i) => (chosen.has(`${name}/${one.name}`) ? MAX_ALTERNATIVES - i : 0)),
  );
  return alternatives.reduce((sum, points) => sum + points, 0);
}

/** A claim of the pod, one that gives its devices back, or a left-over that is gone. */
function isHelpfulClaim(pod: Pod, { object, previous, actions }: ClusterEvent): boolean {
  if (actions === Action.delete && isExtendedClaimOf(pod, object as ResourceV1ResourceClaim)) return true;
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
    args.known(['filterTimeout', 'bindingTimeout']);
    const filterMs = readDuration(args, 'filterTimeout', FILTER_TIMEOUT_MS, 0);
    const bindingMs = readDuration(args, 'bindingTimeout', BINDING_TIMEOUT_MS, 1000);
    return (handle) => makePlugin(handle, { filterMs, bindingMs });
  },
};

function readDuration(args: ConfigReader, field: string, fallbackMs: number, leastMs: number): number {
  if (!args.has(field)) return fallbackMs;
  const ms = goDurationMs(args.text(field, ''));
  if (ms === undefined) args.report(field, 'must be a duration, such as 10s');
  else if (ms < leastMs) args.report(field, leastMs === 0 ? 'must be zero or positive' : 'must be at least 1 second');
  return ms ?? fallbackMs;
}

interface Timeouts {
  /** For all that is asked of one node; 0: none. */
  readonly filterMs: number;
  /** For the drivers, to prepare devices for a node. */
  readonly bindingMs: number;
}

function makePlugin(handle: SchedulerHandle, { filterMs, bindingMs }: Timeouts): SchedulerPlugin {
  const { informers, devices: ledger, client, background, log, clock, random, event } = handle;
  const claims = informers.informer(resourceClaims);
  const classes = informers.informer(deviceClasses);
  const slices = informers.informer(resourceSlices, { indexes: { [POOL_INDEX]: (slice) => [poolId(slice)] } });
  const find = (pod: Pod) => claimsOf(pod, (name) => claims.get(`${pod.metadata?.namespace}/${name}`));
  const classOf = (name: string) => classes.get(name);
  const classOfResource = followClassResources(informers);

  /** All slices by pool, as they are now. */
  function pools(): readonly (readonly ResourceSlice[])[] {
    const ids = [...new Set(slices.list().map(poolId))].sort();
    return ids.map((id) => slices.by(POOL_INDEX, id));
  }

  /** Since when devices of a node are being looked for. Nothing else happens meanwhile. */
  let nodeSinceMs = 0;
  const isUseless = (claim: ResourceV1ResourceClaim, node: Node) =>
    hasDevices(claim) && (!isUsableFrom(claim, node) || ['failed', 'late'].includes(readinessOf(claim, bindingMs, clock.now()).is));

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
    preFilter(state, { pod, requests }) {
      const resources = extendedResourcesOf(requests, classOfResource);
      if (!pod.spec?.resourceClaims?.length && !resources) return SKIP;
      const found = find(pod);
      if ('problem' in found) return impossible(found.problem);
      if (found.claims.length === 0 && !resources) return SKIP;
      const pending = open(found.claims);
      const missing = pending.map((claim) => missingClass(claim, classOf)).find((problem) => problem !== undefined);
      if (missing) return impossible(missing);
      const decided = pending.find((claim) => ledger.isDecided(claim));
      if (decided) return impossible(`resource claim ${objectKey(decided)} is in the process of being allocated`);
      const view: AllocatorView = {
        pools: pending.length > 0 || resources ? pools() : [],
        deviceClass: classOf,
        isInUse: (device) => ledger.isInUse(device),
        consumed: (device) => ledger.consumed(device),
        newShareId: () => uuid(random),
        isLate: () => filterMs > 0 && clock.monotonic() - nodeSinceMs > filterMs,
      };
      const leftOver = resources && claims.by('owner', pod.metadata?.uid ?? '').find((claim) => isExtendedClaimOf(pod, claim));
      const { claims: named } = found;
      const misplaced = new Set<ResourceV1ResourceClaim>();
      state.write(KEY, { claims: named, resources, leftOver, view, decided: new Map(), misplaced, started: false });
      return undefined;
    },
    filter(state, { pod }, { node, name, allocatable }) {
      const remembered = state.read(KEY);
      if (!remembered) return undefined;
      if (remembered.leftOver) return LEFT_OVER;
      const byClass = resourcesByClass(remembered.resources ?? [], allocatable, classOfResource);
      if (byClass === 'nowhere') return NOWHERE;
      const misplaced = remembered.claims.filter((claim) => isUseless(claim, node));
      for (const claim of misplaced) remembered.misplaced.add(claim);
      if (misplaced.length > 0) return ELSEWHERE;
      const extended = byClass.size > 0 ? extendedClaimFor(pod, byClass, uuid(random)) : undefined;
      const pending = [...open(remembered.claims), ...(extended ? [extended.claim] : [])];
      if (pending.length === 0) return undefined;
      nodeSinceMs = clock.monotonic();
      try {
        const devices = allocate(pending, node, remembered.view);
        if (!devices) return NOT_ENOUGH;
        remembered.decided.set(name, { devices, ...(extended && { extended }) });
        return undefined;
      } catch (error) {
        if (error instanceof UnusableNode) return impossible(error.message);
        // It may pass: the back-off is enough, no event has to come first.
        throw error instanceof AllocationTimeout ? new Error(`node ${name}: ${error.message}`, { cause: error }) : error;
      }
    },
    /** The earlier the chosen alternatives of requests come, the better. */
    score(state, _pod, { name }) {
      const remembered = state.read(KEY);
      if (!remembered) return 0;
      const found = remembered.decided.get(name)?.devices ?? [];
      const pending = open(remembered.claims);
      return remembered.claims.reduce(
        (sum, claim) => sum + preference(claim, claim.status?.allocation ?? found[pending.indexOf(claim)]),
        0,
      );
    },
    normalizeScores: (_state, _pod, scores) => fitToMaximum(scores),
    /** Devices that nobody uses and that keep the pod from every node are given back. */
    postFilter(state, { pod }) {
      const { misplaced = [], leftOver } = state.read(KEY) ?? {};
      if (leftOver) {
        later('deleting a claim failed', leftOver, (signal) => deleteExtendedClaim(leftOver, { client, signal }));
        return { made: 'nothing', message: 'deletion of ResourceClaim completed' };
      }
      const free = [...misplaced].find((claim) => isUnusedBut(pod, claim));
      if (!free) return { made: 'nothing', message: 'no new claims to deallocate' };
      later('deallocating a claim failed', free, (signal) => deallocateClaim(free, pod, { client, signal }));
      return { made: 'nothing', message: 'deallocation of ResourceClaim completed' };
    },
    reserve(state, _pod, nodeName) {
      const remembered = state.read(KEY);
      const { devices = [], extended } = remembered?.decided.get(nodeName) ?? {};
      for (const [i, claim] of [...open(remembered?.claims ?? []), ...(extended ? [extended.claim] : [])].entries()) {
        const allocation = devices[i];
        if (allocation) ledger.decide(claim, allocation);
      }
      return undefined;
    },
    unreserve(state, { pod }, nodeName) {
      const remembered = state.read(KEY);
      const { extended } = remembered?.decided.get(nodeName) ?? {};
      const { created } = remembered ?? {};
      if (extended) ledger.forget(created ?? extended.claim);
      if (created) later('deleting a claim failed', created, (signal) => deleteExtendedClaim(created, { client, signal }));
      for (const claim of remembered?.claims ?? []) {
        if (!hasDevices(claim)) ledger.forget(claim);
        if (remembered?.started || isReservedFor(claim, pod)) {
          later('taking a pod off a claim failed', claim, (signal) => unreserveClaim(claim, pod, { client, signal }));
        }
      }
    },
    preBindWorks(state, _pod, nodeName) {
      const remembered = state.read(KEY);
      return remembered !== undefined && (remembered.claims.length > 0 || remembered.decided.get(nodeName)?.extended !== undefined);
    },
    async preBind(state, { pod }, nodeName, { signal }) {
      const remembered = state.read(KEY);
      if (!remembered) return undefined;
      remembered.started = true;
      const pending = open(remembered.claims);
      const { devices = [], extended } = remembered.decided.get(nodeName) ?? {};
      const reserve = async (claim: ResourceV1ResourceClaim, chosen: AllocationResult | undefined) => {
        const allocation = chosen && { ...chosen, allocationTimestamp: rfc3339(clock.now()) };
        const written = await reserveClaim(claim, allocation, pod, { client, signal });
        if (allocation) ledger.written(claim, Number(written.metadata?.resourceVersion));
        return written;
      };
      const reserved: ResourceV1ResourceClaim[] = [];
      for (const claim of remembered.claims) {
        reserved.push(await reserve(claim, hasDevices(claim) ? undefined : devices[pending.indexOf(claim)]));
      }
      if (extended) {
        const created = await createExtendedClaim(extended, { client, signal });
        remembered.created = created;
        ledger.created(extended.claim, created);
        reserved.push(await reserve(created, devices.at(-1)));
        await recordExtendedClaim(pod, created, extended, { client, signal });
      }
      if (!reserved.some(hasBindingConditions)) return undefined;
      event(pod, 'Normal', 'BindingConditionsPending', `waiting for binding conditions for device on node ${nodeName}`);
      await awaitDevices(reserved, { claims, clock, timeoutMs: bindingMs }, { signal });
      return undefined;
    },
  };
}
