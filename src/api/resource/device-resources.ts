import { isExtendedResource } from '../core/resource-names.ts';
import type { DeviceClass } from '../schema/generated/types.ts';

/** Extended resources that devices of a class stand for (KEP-5004; https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/#extended-resource). */

/** Every class is a resource of this name, whatever else it is called. */
export const CLASS_RESOURCE_PREFIX = 'deviceclass.resource.kubernetes.io/';

/** May devices of a class stand for it? */
export const isDeviceResource = (name: string): boolean => name.startsWith(CLASS_RESOURCE_PREFIX) || isExtendedResource(name);

/** The resources that devices of the class stand for. */
export const resourcesOfClass = ({ metadata, spec }: DeviceClass): string[] => [
  `${CLASS_RESOURCE_PREFIX}${metadata?.name}`,
  ...(spec.extendedResourceName ? [spec.extendedResourceName] : []),
];

/** Of classes that name the same resource: the newest, so that one can take the place of another; of several as old the first by name. */
export const classToUse = (classes: readonly DeviceClass[]): DeviceClass | undefined =>
  classes.toSorted((a, b) => age(a) - age(b) || byName(a, b)).at(0);

const age = ({ metadata }: DeviceClass): number => -Date.parse(metadata?.creationTimestamp ?? '') || 0;
const byName = (a: DeviceClass, b: DeviceClass): number => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1);
