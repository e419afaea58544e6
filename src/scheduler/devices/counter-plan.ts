import type { Device } from '../../api/schema/generated/types.ts';
import { parseQuantity } from '../../base/quantity.ts';
import type { Pool } from './pools-plan.ts';

/** What is left of the counters that the devices of a pool share (KEP-4815, partitionable devices). */
export class CounterLedger {
  /** Billionths by counter set and name. */
  readonly #left = new Map<string, bigint>();

  /** `isInUse`: was the device allocated before? */
  constructor({ counters, all }: Pool, isInUse: (deviceId: string) => boolean) {
    for (const [set, named] of counters) {
      for (const [name, { value }] of Object.entries(named)) this.#left.set(`${set}/${name}`, parseQuantity(value).nanos);
    }
    for (const { id, device } of all) if (device.consumesCounters?.length && isInUse(id)) this.#add(device, -1n);
  }

  /** Takes what the device consumes; false, and nothing taken, when there is not enough. */
  take(device: Device): boolean {
    if (!device.consumesCounters?.length) return true;
    this.#add(device, -1n);
    if ([...this.#left.values()].every((left) => left >= 0n)) return true;
    this.#add(device, 1n);
    return false;
  }

  giveBack(device: Device): void {
    this.#add(device, 1n);
  }

  #add({ consumesCounters = [] }: Device, sign: bigint): void {
    for (const { counterSet, counters } of consumesCounters) {
      for (const [name, { value }] of Object.entries(counters)) {
        const key = `${counterSet}/${name}`;
        this.#left.set(key, (this.#left.get(key) ?? 0n) + sign * parseQuantity(value).nanos);
      }
    }
  }
}
