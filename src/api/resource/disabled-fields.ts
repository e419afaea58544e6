import type { Device, DeviceAttribute, ResourceSlice } from '../schema/generated/types.ts';

const LISTS = ['bools', 'ints', 'strings', 'versions'] as const satisfies readonly (keyof DeviceAttribute)[];

/**
 * Fields of features that are off in 1.36 (DRAListTypeAttributes, DRANodeAllocatableResources) are dropped, unless the slice had some of the kind before: it was
 * written by a server that knew them.
 */
export function dropDisabledFields({ spec }: ResourceSlice, old?: ResourceSlice): void {
  const [devices, before] = [spec?.devices ?? [], old?.spec?.devices ?? []];
  if (!before.some(hasMappings)) for (const device of devices) delete device.nodeAllocatableResourceMappings;
  if (before.flatMap(attributesOf).some(hasList)) return;
  for (const attribute of devices.flatMap(attributesOf)) for (const list of LISTS) delete attribute[list];
}

const hasMappings = ({ nodeAllocatableResourceMappings }: Device): boolean => Object.keys(nodeAllocatableResourceMappings ?? {}).length > 0;
const attributesOf = ({ attributes = {} }: Device): DeviceAttribute[] => Object.values(attributes);
const hasList = (attribute: DeviceAttribute): boolean => LISTS.some((list) => attribute[list] !== undefined);
