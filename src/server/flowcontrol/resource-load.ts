import type { ApiRequest } from '../../api/transport.ts';
import type { Clock } from '../../base/clock.ts';
import type { Resources } from '../registry/resources.ts';
import type { LoadEstimate, ResourceLoad } from './width-plan.ts';

/** How large objects are is looked up this often, in so many of them. */
const LOOK_AGAIN_MS = 10_000;
const SAMPLE = 20;

interface Size {
  readonly atMs: number;
  readonly averageBytes: number;
}

/** What there is of each resource: how many objects exactly, how large by a sample. */
export function resourceLoads(resources: Resources, clock: Clock): LoadEstimate['of'] {
  const sizes = new WeakMap<object, Size>();
  return ({ group, version, resource }: ApiRequest): ResourceLoad | undefined => {
    const collection = resources.find(group, version, resource)?.collection;
    if (!collection) return undefined;
    let size = sizes.get(collection);
    if (!size || clock.monotonic() - size.atMs > LOOK_AGAIN_MS) {
      const { items } = collection.list({ limit: SAMPLE });
      const bytes = items.reduce((sum, item) => sum + item.bytes.length, 0);
      size = { atMs: clock.monotonic(), averageBytes: items.length > 0 ? Math.ceil(bytes / items.length) : 0 };
      sizes.set(collection, size);
    }
    return { objects: collection.size, averageBytes: size.averageBytes };
  };
}
