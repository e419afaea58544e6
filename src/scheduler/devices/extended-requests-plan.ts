import type { Container, ContainerExtendedResourceRequest, DeviceRequest, Pod } from '../../api/schema/generated/types.ts';
import { quantityValue } from '../../base/quantity.ts';

/** What a claim asks for in place of a pod's extended resources, and which request each container is served by. */
export interface ExtendedRequests {
  readonly requests: readonly DeviceRequest[];
  readonly mappings: readonly ContainerExtendedResourceRequest[];
}

interface Wish {
  readonly name: string;
  readonly count: number;
}
/** A container with its place among all of the pod, init containers first. */
interface Placed {
  readonly container: Container;
  readonly place: number;
}

/**
 * Device requests for extended resources, by the class that stands for each. Containers that run together have devices of their own; an init container
 * uses those of sidecars and containers that start after it, and what all init containers miss is asked for once: they run one after the other. Names are
 * upstream's: `container-<place>-request-<place of the resource among the container's>` (kubernetes, dynamicresources/extendeddynamicresources.go).
 */
export function planExtendedRequests(pod: Pod, classes: ReadonlyMap<string, string>): ExtendedRequests {
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  const all = [...initContainers, ...containers].map((container, place) => ({ container, place }));
  const isPassing = ({ container, place }: Placed) => place < initContainers.length && container.restartPolicy !== 'Always';
  const lasting = all.filter((one) => !isPassing(one));
  const passing = all.filter(isPassing);
  const plans = [...classes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([resource, name]) => planOne(resource, name, lasting, passing));
  return {
    requests: plans.flatMap(({ requests }) => requests).sort((a, b) => (a.name < b.name ? -1 : 1)),
    mappings: plans.flatMap(({ mappings }) => mappings),
  };
}

function planOne(resource: string, deviceClassName: string, lasting: readonly Placed[], passing: readonly Placed[]): ExtendedRequests {
  const own = lasting.flatMap((one) => {
    const wish = wishOf(one, resource);
    return wish ? [{ ...one, wish }] : [];
  });
  const served = passing.map((one) => {
    const wish = wishOf(one, resource);
    return {
      ...one,
      ...(wish
        ? serve(
            wish,
            own.filter(({ place }) => place >= one.place).map((later) => later.wish),
          )
        : NOTHING),
    };
  });
  const largest = served.reduce<Wish | undefined>(
    (most, { missing }) => (missing && missing.count > (most?.count ?? 0) ? missing : most),
    undefined,
  );
  const mapping = (containerName: string, requestName: string) => ({ containerName, resourceName: resource, requestName });
  const wishes = [...(largest ? [largest] : []), ...own.map(({ wish }) => wish)];
  return {
    requests: wishes.map(({ name, count }) => ({ name, exactly: { deviceClassName, allocationMode: 'ExactCount', count } })),
    mappings: [
      ...own.map(({ container, wish }) => mapping(container.name, wish.name)),
      ...served.flatMap(({ container, uses, missing }) =>
        [...uses, ...(missing && largest ? [largest] : [])].map(({ name }) => mapping(container.name, name)),
      ),
    ],
  };
}

function wishOf({ container, place }: Placed, resource: string): Wish | undefined {
  const asked = container.resources?.requests ?? {};
  const count = quantityValue(asked[resource] ?? 0);
  if (count <= 0) return undefined;
  return { name: `container-${place}-request-${Object.keys(asked).sort().indexOf(resource)}`, count };
}

interface Served {
  readonly uses: readonly Wish[];
  /** What is left to ask for. */
  readonly missing: Wish | undefined;
}
const NOTHING: Served = { uses: [], missing: undefined };

/** As many of the later containers' requests as are needed. */
function serve(wish: Wish, later: readonly Wish[]): Served {
  const uses: Wish[] = [];
  let missing = wish.count;
  for (const one of later) {
    if (missing <= 0) break;
    uses.push(one);
    missing -= one.count;
  }
  return { uses, missing: missing > 0 ? { ...wish, count: missing } : undefined };
}
