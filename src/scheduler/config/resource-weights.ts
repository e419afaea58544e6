import type { NodeInfo } from '../cache/node-info.ts';
import type { DeviceTotals } from '../devices/device-totals.ts';
import type { ConfigReader } from './config-reader.ts';

export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

/** What is scored when the configuration says nothing: the same list each time. */
export const CPU_AND_MEMORY: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** Extended resources and huge pages count only for pods that ask for them. */
export const isScalar = (name: string): boolean => name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage';

/** What a node has of a resource and how much of it is used, by its own account or else by that of the devices that stand for it. */
export function amountsOf(name: string, info: NodeInfo, as: 'requested' | 'scored', totals: DeviceTotals) {
  const capacity = info.allocatable.get(name);
  const devices = capacity === 0 && isScalar(name) ? totals(name, info.node) : undefined;
  return devices ?? { capacity, used: info[as].get(name) };
}

/** `resources: [{ name, weight }]`; cpu and memory alike when it says nothing. */
export function readResources(args: ConfigReader): readonly ResourceWeight[] {
  const read = args.parts('resources').map((resource) => {
    resource.known(['name', 'weight']);
    if (!resource.has('name')) resource.report('name', 'is required');
    return { name: resource.text('name', ''), weight: resource.integer('weight', 1, { min: 1, max: 100 }) };
  });
  return read.length === 0 ? CPU_AND_MEMORY : read;
}
