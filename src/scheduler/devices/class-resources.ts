import { deviceClasses } from '../../api/resource/device-class.ts';
import { classToUse, resourcesOfClass } from '../../api/resource/device-resources.ts';
import type { DeviceClass } from '../../api/schema/generated/types.ts';
import type { Informers } from '../../client/informer.ts';

/** The class whose devices stand for an extended resource; undefined: none, the resource is a matter of nodes. */
export type ClassOfResource = (resource: string) => DeviceClass | undefined;

const RESOURCE_INDEX = 'extended-resource';

export function followClassResources(informers: Informers): ClassOfResource {
  const classes = informers.informer(deviceClasses, { indexes: { [RESOURCE_INDEX]: resourcesOfClass } });
  return (resource) => classToUse(classes.by(RESOURCE_INDEX, resource));
}
