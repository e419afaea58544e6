import { objectKey } from '../../api/meta/object.ts';
import type { AllocationResult, DeviceClass, Node, ResourceSlice, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { type Allotted, allocationOf } from './allocation-plan.ts';
import { type Amounts, CapacityLedger, consumption } from './capacity-plan.ts';
import { AttributeConstraint } from './constraint-plan.ts';
import { CounterLedger } from './counter-plan.ts';
import { type Pool, type PoolDevice, poolOf } from './pools-plan.ts';
import { type Alternative, alternativesOf, isTainted, MAX_DEVICES } from './request-plan.ts';

/** Devices that are tried before a node is given up: what nests badly could be tried for ever. */
const MAX_TRIES = 100_000;
const TRIES_A_LOOK = 100;

/** No answer was found in the tries that there are. */
export class AllocationTimeout extends Error {}

/** This node will not do, whatever others are like. */
export class UnusableNode extends Error {}

export interface AllocatorView {
  /** All slices by pool. */
  readonly pools: readonly (readonly ResourceSlice[])[];
  readonly deviceClass: (name: string) => DeviceClass | undefined;
  /** Does a claim have the device for itself? */
  readonly isInUse: (deviceId: string) => boolean;
  /** What claims have of a device that they share; undefined: none does. */
  readonly consumed: (deviceId: string) => Amounts | undefined;
  /** A new UID for a claim's share of a device. */
  readonly newShareId: () => string;
  /** Has it taken too long? */
  readonly isLate: () => boolean;
}

/**
 * Devices of a node for all of the claims, each as upstream would choose: the first that will do, in the order of pools and devices, tried in all ways
 * (kubernetes, dynamic-resource-allocation/structured). undefined: there are not enough. Throws an Error when a claim cannot be understood, and
 * AllocationTimeout, and UnusableNode.
 */
export function allocate(
  claims: readonly ResourceV1ResourceClaim[],
  node: Node,
  view: AllocatorView,
): readonly AllocationResult[] | undefined {
  const pools = view.pools
    .flatMap((slices) => poolOf(slices, node) ?? [])
    .sort((a, b) => Number(hasConditions(a)) - Number(hasConditions(b)));
  const search = new Search(claims, pools, view);
  if (search.run()) return claims.map((claim, i) => allocationOf(claim, node, search.allotted[i] ?? []));
  if (pools.some(({ state }) => state === 'invalid')) throw new UnusableNode('invalid resource pools were encountered');
  return undefined;
}

/** What has to be prepared first is taken last. */
const hasConditions = ({ devices }: Pool): boolean => devices.some(({ device }) => device.bindingConditions !== undefined);

class Search {
  /** By claim, in the order of requests. */
  readonly allotted: Allotted[][];
  readonly #claims: readonly ResourceV1ResourceClaim[];
  readonly #view: AllocatorView;
  /** By claim and request. */
  readonly #alternatives: readonly (readonly (readonly Alternative[])[])[];
  readonly #constraints: readonly (readonly AttributeConstraint[])[];
  /** Which claims are to get a device. */
  readonly #taken = new Map<string, Set<number>>();
  readonly #counters = new Map<Pool, CounterLedger>();
  readonly #capacity = new CapacityLedger();
  #tries = 0;

  constructor(claims: readonly ResourceV1ResourceClaim[], pools: readonly Pool[], view: AllocatorView) {
    this.#claims = claims;
    this.#view = view;
    this.allotted = claims.map(() => []);
    this.#alternatives = claims.map((claim) =>
      (claim.spec.devices?.requests ?? []).map((request) => alternativesOf(claim, request, pools, view)),
    );
    this.#constraints = claims.map((claim) =>
      (claim.spec.devices?.constraints ?? []).map((constraint, i) => new AttributeConstraint(constraint, objectKey(claim), i)),
    );
  }

  run(): boolean {
    return this.#request(0, 0);
  }

  #request(claim: number, request: number): boolean {
    if (claim >= this.#claims.length) return true;
    const alternatives = this.#alternatives[claim]?.[request];
    if (!alternatives) return this.#request(claim + 1, 0);
    return alternatives.some((alternative) => {
      if (alternative.all && alternative.count === 0) return false;
      const mine = this.allotted[claim] as Allotted[];
      if (mine.length + alternative.count > MAX_DEVICES) return false;
      return this.#devices(claim, request, alternative, alternative.count, 0);
    });
  }

  /** `from`: devices of one request are interchangeable, so that what was passed over is not tried again in another order. */
  #devices(claim: number, request: number, alternative: Alternative, missing: number, from: number): boolean {
    if (missing === 0) return this.#request(claim, request + 1);
    for (let i = from; i + missing <= alternative.candidates.length; i += 1) {
      const device = alternative.candidates[i] as PoolDevice;
      if (this.#take(claim, alternative, device)) {
        if (this.#devices(claim, request, alternative, missing - 1, i + 1)) return true;
        this.#giveBack(claim, alternative, device);
      }
      // All are wanted: without this one there is no way.
      if (alternative.all) return false;
    }
    return false;
  }

  #take(claim: number, alternative: Alternative, device: PoolDevice): boolean {
    this.#tries += 1;
    if (this.#tries > MAX_TRIES || (this.#tries % TRIES_A_LOOK === 0 && this.#view.isLate()))
      throw new AllocationTimeout('timed out trying to allocate devices');
    if (this.#isTaken(claim, alternative, device) || isTainted(device, alternative.tolerations)) return false;
    const amounts = consumption(alternative.capacity, device.device);
    if (!amounts || !this.#capacity.hasRoom(device.id, device.device, amounts, this.#view.consumed(device.id))) return false;
    const isShared = device.device.allowMultipleAllocations === true;
    // The first who shares a device takes its counters, for all that come after.
    const isCounted = !(isShared && (this.#capacity.isUsed(device.id) || this.#view.consumed(device.id) !== undefined));
    const ledger = this.#ledger(device.pool);
    if (isCounted && !ledger.take(device.device)) return false;
    if (!this.#constrain(claim, alternative, device)) {
      if (isCounted) ledger.giveBack(device.device);
      return false;
    }
    if (isShared) this.#capacity.take(device.id, amounts);
    else this.#taken.set(device.id, new Set(this.#taken.get(device.id)).add(claim));
    this.allotted[claim]?.push({ alternative, device, isCounted, ...(isShared && { share: { id: this.#view.newShareId(), amounts } }) });
    return true;
  }

  #isTaken(claim: number, { adminAccess }: Alternative, { id }: PoolDevice): boolean {
    const takers = this.#taken.get(id);
    return adminAccess ? (takers?.has(claim) ?? false) : this.#view.isInUse(id) || (takers?.size ?? 0) > 0;
  }

  #giveBack(claim: number, alternative: Alternative, device: PoolDevice): void {
    for (const constraint of this.#constraints[claim] ?? []) constraint.remove(alternative.name);
    const { isCounted, share } = this.allotted[claim]?.pop() ?? {};
    if (isCounted) this.#ledger(device.pool).giveBack(device.device);
    if (share) this.#capacity.giveBack(device.id, share.amounts);
    else this.#taken.get(device.id)?.delete(claim);
  }

  #constrain(claim: number, { name, all }: Alternative, { driver, device, id }: PoolDevice): boolean {
    const constraints = this.#constraints[claim] ?? [];
    const refusing = constraints.findIndex((constraint) => !constraint.add(name, driver, device));
    if (refusing < 0) return true;
    if (all) {
      const about = `claim ${objectKey(this.#claims[claim] ?? {})}, request ${name.split('/').at(-1)}`;
      throw new Error(`${about}: cannot add device ${id} because a claim constraint would not be satisfied`);
    }
    for (const constraint of constraints.slice(0, refusing)) constraint.remove(name);
    return false;
  }

  #ledger(pool: Pool): CounterLedger {
    let ledger = this.#counters.get(pool);
    if (!ledger) {
      ledger = new CounterLedger(pool, (id) => this.#view.isInUse(id) || this.#view.consumed(id) !== undefined);
      this.#counters.set(pool, ledger);
    }
    return ledger;
  }
}
