import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { DeviceClass, Node } from '../../api/schema/generated/types.ts';
import type { Informers } from '../../client/informer.ts';
import { followClassResources } from './class-resources.ts';
import type { DeviceLedger } from './device-ledger.ts';
import { deviceId, devicesFor } from './pools-plan.ts';
import { matchesSelector } from './selector-plan.ts';

/** Devices that a node reaches and that stand for an extended resource, and how many of them are taken. undefined: no class does. */
export type DeviceTotals = (resource: string, node: Node) => { readonly capacity: number; readonly used: number } | undefined;

/** For scores, where a configuration names extended resources: every slice is looked at for every node. */
export function followDeviceTotals({ informers, devices }: { informers: Informers; devices: DeviceLedger }): DeviceTotals {
  const classOf = followClassResources(informers);
  const slices = informers.informer(resourceSlices);
  return (resource, node) => {
    const deviceClass = classOf(resource);
    if (!deviceClass) return undefined;
    const ids = slices.list().flatMap((slice) => {
      const { driver, pool } = slice.spec;
      const own = devicesFor(slice, node).filter((device) => isOfClass(deviceClass, (cel) => matchesSelector(cel, driver, device)));
      return own.map(({ name }) => deviceId(driver, pool.name, name));
    });
    return { capacity: ids.length, used: ids.filter((id) => devices.isTaken(id)).length };
  };
}

/** A selector that cannot be asked is DynamicResources' to complain about. */
function isOfClass({ spec }: DeviceClass, matches: (expression: string) => boolean): boolean {
  try {
    return (spec.selectors ?? []).every(({ cel }) => matches(cel?.expression ?? ''));
  } catch {
    return false;
  }
}
