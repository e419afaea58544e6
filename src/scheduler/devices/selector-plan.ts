import { compileCel, LazyMap, quantityOf, semverOf } from '../../api/cel/index.ts';
import { DEVICE_SELECTORS } from '../../api/resource/device-selector.ts';
import type { Device, DeviceAttribute } from '../../api/schema/generated/types.ts';

function celValue(name: string, { string, int, bool, version }: DeviceAttribute): unknown {
  if (string !== undefined) return string;
  if (int !== undefined) return BigInt(int);
  if (bool !== undefined) return bool;
  if (version !== undefined) return semverOf(version);
  throw new Error(`attribute ${name}: unsupported attribute value`);
}

/** Names without a domain are the driver's own. A domain of which nothing is known is an empty map, so that expressions need not ask first. */
function nested<T>(entries: Readonly<Record<string, T>> | undefined, driver: string, read: (name: string, value: T) => unknown): LazyMap {
  const domains = new Map<string, Record<string, unknown>>();
  for (const [name, value] of Object.entries(entries ?? {})) {
    const slash = name.indexOf('/');
    const [domain, id] = slash < 0 ? [driver, name] : [name.slice(0, slash), name.slice(slash + 1)];
    const inner = domains.get(domain) ?? Object.create(null);
    domains.set(domain, inner);
    inner[id] = read(name, value);
  }
  return new LazyMap((domain) => domains.get(domain) ?? {});
}

/** What is known of a device is the same for every pod and node: it is worked out once. */
const remembered = new WeakMap<Device, Map<string, boolean>>();

/**
 * Does the device match the CEL expression of a class or a request? (https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/)
 * Throws an Error in upstream's words when the expression cannot be compiled or fails on this device.
 */
export function matchesSelector(expression: string, driver: string, device: Device): boolean {
  const known = remembered.get(device) ?? new Map<string, boolean>();
  remembered.set(device, known);
  const key = `${driver} ${expression}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const matches = evaluate(expression, driver, device);
  known.set(key, matches);
  return matches;
}

function evaluate(expression: string, driver: string, device: Device): boolean {
  const program = explain('compile', () => compileCel(expression, DEVICE_SELECTORS));
  return explain('runtime', () => {
    const attributes = nested(device.attributes, driver, celValue);
    const capacity = nested(device.capacity, driver, (_name, { value }) => quantityOf(value));
    const result = program.evaluate({
      device: { driver, allowMultipleAllocations: device.allowMultipleAllocations ?? false, attributes, capacity },
    });
    if (typeof result !== 'boolean') throw new Error('CEL result could not be converted to bool');
    return result;
  });
}

function explain<T>(stage: 'compile' | 'runtime', work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`CEL ${stage} error: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
