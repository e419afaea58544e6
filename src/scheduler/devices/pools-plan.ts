import { matchesNodeSelectorTerm } from '../../api/meta/node-selector.ts';
import type { Counter, Device, Node, NodeSelector, ResourceSlice } from '../../api/schema/generated/types.ts';

/** A device that a node reaches, and where it is described. */
export interface PoolDevice {
  /** `driver/pool/device` */
  readonly id: string;
  readonly driver: string;
  readonly pool: Pool;
  readonly device: Device;
  readonly slice: ResourceSlice;
}

/** The devices of one pool that a node reaches. */
export interface Pool {
  /** `driver/pool` */
  readonly id: string;
  readonly name: string;
  /** `incomplete`: its driver is writing it; `invalid`: what is written contradicts itself. Nothing is allocated from either. */
  readonly state: 'usable' | 'incomplete' | 'invalid';
  readonly devices: readonly PoolDevice[];
  /** All devices of the pool, also those of other nodes: they may consume the same counters. */
  readonly all: readonly { readonly id: string; readonly device: Device }[];
  readonly counters: ReadonlyMap<string, Readonly<Record<string, Counter>>>;
}

export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`;
export const poolId = ({ spec }: ResourceSlice): string => `${spec.driver}/${spec.pool.name}`;

interface Placement {
  readonly nodeName?: string;
  readonly allNodes?: boolean;
  readonly nodeSelector?: NodeSelector;
}

/** May what is placed so be used from the node? */
export function isReachable({ nodeName, allNodes, nodeSelector }: Placement, node: Node): boolean {
  if (nodeName) return node.metadata?.name === nodeName;
  if (allNodes) return true;
  return nodeSelector?.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(node, term)) ?? false;
}

/** `slices`: all of one pool, of whatever generation. undefined: the node reaches nothing in it. */
export function poolOf(slices: readonly ResourceSlice[], node: Node): Pool | undefined {
  const generation = Math.max(...slices.map(({ spec }) => Number(spec.pool.generation)));
  const current = slices.filter(({ spec }) => Number(spec.pool.generation) === generation);
  const [first] = current;
  if (!first) return undefined;
  const reached = current.flatMap((slice) => devicesFor(slice, node).map((device) => [slice, device] as const));
  if (reached.length === 0) return undefined;
  const { driver, pool } = first.spec;
  const all = current.flatMap(({ spec }) =>
    (spec.devices ?? []).map((device) => ({ id: deviceId(driver, pool.name, device.name), device })),
  );
  const sets = current.flatMap(({ spec }) => spec.sharedCounters ?? []);
  const counters = new Map(sets.map((set) => [set.name, set.counters]));
  const isValid = counters.size === sets.length && new Set(all.map(({ id }) => id)).size === all.length && countersExist(all, counters);
  const state = current.length !== pool.resourceSliceCount ? 'incomplete' : isValid ? 'usable' : 'invalid';
  const devices: PoolDevice[] = [];
  const built: Pool = { id: poolId(first), name: pool.name, state, devices, all, counters };
  for (const [slice, device] of reached) {
    devices.push({ id: deviceId(driver, pool.name, device.name), driver, pool: built, device, slice });
  }
  return built;
}

/** Devices of the slice that the node reaches. */
export function devicesFor({ spec }: ResourceSlice, node: Node): readonly Device[] {
  const devices = spec.devices ?? [];
  if (spec.perDeviceNodeSelection) return devices.filter((device) => isReachable(device, node));
  return isReachable(spec, node) ? devices : [];
}

const countersExist = (all: readonly { readonly device: Device }[], counters: Pool['counters']): boolean =>
  all.every(({ device }) =>
    (device.consumesCounters ?? []).every(({ counterSet, counters: wanted }) =>
      Object.keys(wanted).every((name) => counters.get(counterSet)?.[name] !== undefined),
    ),
  );
