import { objectKey } from '../../api/meta/object.ts';
import type { AllocationResult, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import type { Informer } from '../../client/informer.ts';
import { deviceId } from './pools-plan.ts';

export const DEVICE_INDEX = 'allocated-device';

/** Devices that nobody else may have. Those with admin access are shared. */
const devicesOf = (allocation: AllocationResult | undefined): string[] =>
  (allocation?.devices?.results ?? [])
    .filter(({ adminAccess }) => !adminAccess)
    .map(({ driver, pool, device }) => deviceId(driver, pool, device));

/** Claims by the devices that they have. */
export const byDevice = { [DEVICE_INDEX]: ({ status }: ResourceV1ResourceClaim) => devicesOf(status?.allocation) };

interface Decided {
  readonly devices: readonly string[];
  /** The revision that the allocation was written with; undefined before. */
  readonly revision?: number;
}

/**
 * Which devices are in use: by claims as the informer shows them, and by those that the scheduler has decided and whose allocation the informer is not
 * far enough to show.
 */
export class DeviceLedger {
  readonly #claims: Informer<ResourceV1ResourceClaim>;
  /** By claim. */
  readonly #decided = new Map<string, Decided>();

  constructor(claims: Informer<ResourceV1ResourceClaim>) {
    this.#claims = claims;
  }

  isInUse(device: string): boolean {
    if (this.#claims.by(DEVICE_INDEX, device).length > 0) return true;
    for (const key of [...this.#decided.keys()]) if (this.#current(key)?.devices.includes(device)) return true;
    return false;
  }

  /** Devices are on their way to the claim: another pod that uses it has to wait for what comes of that. */
  isDecided(claim: ResourceV1ResourceClaim): boolean {
    return this.#current(objectKey(claim)) !== undefined;
  }

  decide(claim: ResourceV1ResourceClaim, allocation: AllocationResult): void {
    this.#decided.set(objectKey(claim), { devices: devicesOf(allocation) });
  }

  written(claim: ResourceV1ResourceClaim, revision: number): void {
    const decided = this.#decided.get(objectKey(claim));
    if (decided) this.#decided.set(objectKey(claim), { ...decided, revision });
  }

  forget(claim: ResourceV1ResourceClaim): void {
    this.#decided.delete(objectKey(claim));
  }

  /** Once the informer is as far as the write, it alone knows: the claim may have lost its devices again. */
  #current(key: string): Decided | undefined {
    const decided = this.#decided.get(key);
    if (decided?.revision === undefined || Number(this.#claims.resourceVersion) < decided.revision) return decided;
    this.#decided.delete(key);
    return undefined;
  }
}
