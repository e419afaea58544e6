import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocatedAddress, isAllocated } from '../../api/networking/ip-address.ts';
import type { IPAddress, Service } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { addressesOf, isInRanges, planAddressObject, planServiceAddress } from './ip-address-plan.ts';

const MADE_MS = Date.UTC(2026, 0, 1);
const ADDRESSES = ['10.43.0.1', '10.43.0.2', 'fd43::3', '10.99.0.4'];
const RANGES = [{ spec: { cidrs: ['10.43.0.0/16', 'fd43::/112'] } }];
const NAMES = ['a', 'b', 'c'];

const service = (name: string, clusterIPs: string[]): Service => ({ metadata: { name, namespace: 'n' }, spec: { clusterIPs } });
/** Services, two of which may have the same address; some are headless. */
const someServices = fc
  .uniqueArray(fc.record({ name: fc.constantFrom(...NAMES), ips: fc.oneof(fc.subarray(ADDRESSES), fc.constant<string[]>(['None'])) }), {
    selector: ({ name }) => name,
  })
  .map((all) => all.map(({ name, ips }) => service(name, ips)));
/** IPAddresses, right ones and wrong ones, some of which are not the allocator's. */
const someObjects = fc
  .uniqueArray(
    fc.record({
      address: fc.constantFrom(...ADDRESSES),
      parent: fc.constantFrom(...NAMES),
      resource: fc.constantFrom('services', 'services', 'services', 'gateways'),
      isOurs: fc.constantFrom(true, true, true, false),
    }),
    { selector: ({ address }) => address },
  )
  .map((all) =>
    all.map(({ address, parent, resource, isOurs }): IPAddress => {
      const { metadata } = allocatedAddress(address, service(parent, []));
      const labels = isOurs ? metadata?.labels : {};
      return {
        metadata: { ...metadata, labels, creationTimestamp: rfc3339(MADE_MS) },
        spec: { parentRef: { group: '', resource, namespace: 'n', name: parent } },
      };
    }),
  );

const nameOf = ({ metadata }: IPAddress | Service) => metadata?.name ?? '';
const parentOf = (object: IPAddress | undefined, services: readonly Service[]) =>
  services.find((each) => nameOf(each) === object?.spec?.parentRef?.name);
const objectOf = (address: string, objects: readonly IPAddress[]) => objects.find((each) => nameOf(each) === address);
const refers = (object: IPAddress | undefined, to: Service) =>
  object?.spec?.parentRef?.resource === 'services' && object.spec.parentRef.name === nameOf(to);

const planOf = (address: string, of: Service, objects: readonly IPAddress[], services: readonly Service[]) => {
  const object = objectOf(address, objects);
  const parent = parentOf(object, services);
  return planServiceAddress({ address, service: of, isInRange: isInRanges(address, RANGES), object, parent });
};

/** One look of each loop at all that it keeps; the second at `nowMs`. */
function round(objects: readonly IPAddress[], services: readonly Service[], nowMs: number): IPAddress[] {
  const kept = objects.filter((object) => planAddressObject(object, parentOf(object, services), nowMs).do !== 'delete');
  for (const each of services)
    for (const address of addressesOf(each)) {
      const { do: step } = planOf(address, each, kept, services);
      if (step !== 'create' && step !== 'recreate') continue;
      const made = allocatedAddress(address, each);
      const at = kept.findIndex((object) => nameOf(object) === address);
      kept.splice(at < 0 ? kept.length : at, at < 0 ? 0 : 1, {
        ...made,
        metadata: { ...made.metadata, creationTimestamp: rfc3339(nowMs) },
      });
    }
  return kept;
}

test('the object of an address is never taken from a Service that has it, however old it is; others go after a minute at the earliest', () => {
  fc.assert(
    fc.property(someServices, someObjects, fc.integer({ min: -60_000, max: 600_000 }), (services, objects, ageMs) => {
      for (const object of objects) {
        const parent = parentOf(object, services);
        const plan = planAddressObject(object, parent, MADE_MS + ageMs);
        const isHeld = parent !== undefined && refers(object, parent) && addressesOf(parent).includes(nameOf(object));
        if (isHeld) expect(plan).toEqual({ do: 'nothing' });
        if (plan.do === 'delete' && object.spec?.parentRef?.resource === 'services') expect(ageMs).toBeGreaterThan(60_000);
        if (plan.do !== 'wait') continue;
        expect(plan.afterMs).toBeGreaterThan(0);
        const later = Math.max(ageMs, 0) + plan.afterMs;
        expect(planAddressObject(object, parent, MADE_MS + later).do).toBe('delete');
        for (const other of services.filter(
          (each) => addressesOf(each).includes(nameOf(object)) && nameOf(each) !== parent?.metadata?.name,
        ))
          if (parent) expect(planOf(nameOf(object), other, [object], services).do).not.toBe('recreate');
      }
    }),
  );
});

test('in the end every address in range is one Service’s that has it, nothing has leaked, and nobody writes any more', () => {
  fc.assert(
    fc.property(someServices, someObjects, (services, before) => {
      const laterMs = MADE_MS + 120_000;
      const objects = round(round(before, services, laterMs), services, laterMs);
      expect(round(objects, services, laterMs + 120_000)).toEqual(objects);
      for (const object of objects.filter(isAllocated))
        expect(services.some((each) => refers(object, each) && addressesOf(each).includes(nameOf(object)))).toBe(true);
      const held = new Set(services.flatMap(addressesOf).filter((address) => isInRanges(address, RANGES)));
      for (const address of held) {
        const object = objectOf(address, objects);
        const holders = services.filter((each) => addressesOf(each).includes(address));
        expect(holders.filter((each) => refers(object, each))).toHaveLength(1);
        const told = holders.map((each) => planOf(address, each, objects, services).do).sort();
        expect(told).toEqual(['nothing', ...holders.slice(1).map(() => 'report')]);
      }
    }),
  );
});

test('an address is in range exactly when one range has it; while there are none yet, every one is', () => {
  expect(ADDRESSES.map((address) => isInRanges(address, RANGES))).toEqual([true, true, true, false]);
  expect(ADDRESSES.map((address) => isInRanges(address, []))).toEqual([true, true, true, true]);
});
