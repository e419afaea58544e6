import type { AllocationResult, DeviceRequestAllocationResult, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Informer } from '../../client/informer.ts';
import { type Amounts, sumOf } from './capacity-plan.ts';
import { deviceId } from './pools-plan.ts';

const DEVICE_INDEX = 'allocated-device';
const SHARE_INDEX = 'shared-device';

/** Those with admin access leave no trace. */
const resultsOf = (allocation: AllocationResult | undefined): readonly DeviceRequestAllocationResult[] =>
  (allocation?.devices?.results ?? []).filter(({ adminAccess }) => !adminAccess);
const idOf = ({ driver, pool, device }: DeviceRequestAllocationResult) => deviceId(driver, pool, device);
const uidOf = ({ metadata }: ResourceV1ResourceClaim) => metadata?.uid ?? '';
const isShare = ({ shareID }: DeviceRequestAllocationResult) => shareID !== undefined;

/** Devices that nobody else may have, and those of which the claim has a share. */
const devicesOf = (allocation: AllocationResult | undefined) => resultsOf(allocation).flatMap((one) => (isShare(one) ? [] : idOf(one)));
const sharesOf = (allocation: AllocationResult | undefined) => resultsOf(allocation).filter(isShare);

/** Claims by the devices that they have. */
export const byDevice = {
  [DEVICE_INDEX]: ({ status }: ResourceV1ResourceClaim) => devicesOf(status?.allocation),
  [SHARE_INDEX]: ({ status }: ResourceV1ResourceClaim) => [...new Set(sharesOf(status?.allocation).map(idOf))],
};

interface Decided {
  readonly devices: readonly string[];
  readonly shares: readonly DeviceRequestAllocationResult[];
  /** The revision that the allocation was written with; undefined before. */
  readonly revision?: number;
}

/**
 * Which devices are in use: by claims as the informer shows them, and by those that the scheduler has decided and whose allocation the informer is not
 * far enough to show.
 */
export class DeviceLedger {
  readonly #claims: Informer<ResourceV1ResourceClaim>;
  /** By the claim's uid. */
  readonly #decided = new Map<string, Decided>();

  constructor(claims: Informer<ResourceV1ResourceClaim>) {
    this.#claims = claims;
  }

  isInUse(device: string): boolean {
    if (this.#claims.by(DEVICE_INDEX, device).length > 0) return true;
    return this.#allDecided().some(({ devices }) => devices.includes(device));
  }

  /** Does anybody have it, or a share of it? */
  isTaken(device: string): boolean {
    return this.isInUse(device) || this.consumed(device) !== undefined;
  }

  /** What is taken of the device's capacities by those who share it; undefined: nobody does. */
  consumed(device: string): Amounts | undefined {
    const shown = this.#claims.by(SHARE_INDEX, device).filter((claim) => !this.isDecided(claim));
    const shares = [...shown.flatMap(({ status }) => sharesOf(status?.allocation)), ...this.#allDecided().flatMap((one) => one.shares)];
    const own = shares.filter((share) => idOf(share) === device);
    return own.length > 0 ? sumOf(own.map(({ consumedCapacity }) => consumedCapacity ?? {})) : undefined;
  }

  /** Devices are on their way to the claim: another pod that uses it has to wait for what comes of that. */
  isDecided(claim: ResourceV1ResourceClaim): boolean {
    return this.#current(uidOf(claim)) !== undefined;
  }

  decide(claim: ResourceV1ResourceClaim, allocation: AllocationResult): void {
    this.#decided.set(uidOf(claim), { devices: devicesOf(allocation), shares: sharesOf(allocation) });
  }

  written(claim: ResourceV1ResourceClaim, revision: number): void {
    const decided = this.#decided.get(uidOf(claim));
    if (decided) this.#decided.set(uidOf(claim), { ...decided, revision });
  }

  /** The claim that was decided about is in the API now. */
  created(claim: ResourceV1ResourceClaim, as: ResourceV1ResourceClaim): void {
    const decided = this.#decided.get(uidOf(claim));
    this.#decided.delete(uidOf(claim));
    if (decided) this.#decided.set(uidOf(as), decided);
  }

  forget(claim: ResourceV1ResourceClaim): void {
    this.#decided.delete(uidOf(claim));
  }

  #allDecided(): readonly Decided[] {
    return [...this.#decided.keys()].flatMap((key) => this.#current(key) ?? []);
  }

  /** Once the informer is as far as the write, it alone knows: the claim may have lost its devices again. */
  #current(key: string): Decided | undefined {
    const decided = this.#decided.get(key);
    if (decided?.revision === undefined || Number(this.#claims.resourceVersion) < decided.revision) return decided;
    this.#decided.delete(key);
    return undefined;
  }
}
