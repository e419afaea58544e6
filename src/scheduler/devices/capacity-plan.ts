import type { CapacityRequestPolicy, Device, DeviceCapacity } from '../../api/schema/generated/types.ts';
import { compareQuantities, formatQuantity, parseQuantity, quantityValue } from '../../base/quantity.ts';

/** Amounts of capacities by their names, as the API writes them. */
export type Amounts = Readonly<Record<string, string>>;

const NANOS_PER_UNIT = 1_000_000_000n;
const compare = (a: string, b: string) => compareQuantities(parseQuantity(a), parseQuantity(b));

/**
 * What a request takes of each of the device's capacities (KEP-5075, consumable capacity): as much as it asks for, or its default, or all of it, made up to
 * what the capacity's policy gives out. undefined: the device has no such capacity, or gives out no such amount.
 */
export function consumption(requests: Amounts = {}, { capacity = {} }: Device): Amounts | undefined {
  if (Object.keys(requests).some((name) => !Object.hasOwn(capacity, name))) return undefined;
  const amounts: Record<string, string> = {};
  for (const [name, one] of Object.entries(capacity)) {
    const amount = amountOf(requests[name], one);
    if (isRefused(amount, one.requestPolicy)) return undefined;
    amounts[name] = amount;
  }
  return amounts;
}

function amountOf(asked: string | undefined, { value, requestPolicy }: DeviceCapacity): string {
  if (asked === undefined) return requestPolicy?.default ?? value;
  const { validRange, validValues } = requestPolicy ?? {};
  if (validRange?.min !== undefined) return nextStep(asked, validRange.min, validRange.step);
  return validValues?.find((valid) => compare(asked, valid) <= 0) ?? asked;
}

function nextStep(asked: string, min: string, step: string | undefined): string {
  if (compare(asked, min) < 0) return min;
  if (step === undefined) return asked;
  const [least, size] = [quantityValue(min), quantityValue(step)];
  const units = least + size * Math.ceil((quantityValue(asked) - least) / size);
  return formatQuantity({ nanos: BigInt(units) * NANOS_PER_UNIT, format: 'BinarySI' });
}

function isRefused(amount: string, policy: CapacityRequestPolicy | undefined): boolean {
  if (!policy || (policy.default !== undefined && compare(amount, policy.default) === 0)) return false;
  const { validRange, validValues = [] } = policy;
  if (!validRange) return validValues.length > 0 && !validValues.some((valid) => compare(amount, valid) === 0);
  const { min = '0', max, step } = validRange;
  if (max !== undefined && compare(amount, max) > 0) return true;
  return step !== undefined && (quantityValue(amount) - quantityValue(min)) % quantityValue(step) !== 0;
}

/** What is taken of the devices that are given to several: billionths by device and capacity. */
export class CapacityLedger {
  readonly #taken = new Map<string, Map<string, bigint>>();

  isUsed(deviceId: string): boolean {
    return this.#taken.has(deviceId);
  }

  take(deviceId: string, amounts: Amounts): void {
    this.#add(deviceId, amounts, 1n);
  }

  giveBack(deviceId: string, amounts: Amounts): void {
    this.#add(deviceId, amounts, -1n);
    if ([...(this.#taken.get(deviceId)?.values() ?? [])].every((nanos) => nanos === 0n)) this.#taken.delete(deviceId);
  }

  /** Is there as much left of the device, besides what others hold of it? */
  hasRoom(deviceId: string, { capacity = {} }: Device, amounts: Amounts, others: Amounts = {}): boolean {
    const taken = this.#taken.get(deviceId);
    return Object.entries(amounts).every(([name, amount]) => {
      const held = Object.hasOwn(others, name) ? parseQuantity(others[name] ?? '0').nanos : 0n;
      const all = parseQuantity(capacity[name]?.value ?? '0').nanos;
      return held + (taken?.get(name) ?? 0n) + parseQuantity(amount).nanos <= all;
    });
  }

  #add(deviceId: string, amounts: Amounts, sign: bigint): void {
    const taken = this.#taken.get(deviceId) ?? new Map<string, bigint>();
    for (const [name, amount] of Object.entries(amounts)) taken.set(name, (taken.get(name) ?? 0n) + sign * parseQuantity(amount).nanos);
    this.#taken.set(deviceId, taken);
  }
}

/** The sum of what several hold. */
export function sumOf(all: readonly Amounts[]): Amounts {
  const sums = new Map<string, bigint>();
  for (const amounts of all)
    for (const [name, amount] of Object.entries(amounts)) sums.set(name, (sums.get(name) ?? 0n) + parseQuantity(amount).nanos);
  return Object.fromEntries([...sums].map(([name, nanos]) => [name, formatQuantity({ nanos, format: 'DecimalSI' })]));
}
