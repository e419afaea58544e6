import type { KubeObject, OwnerReference } from '../../api/meta/object.ts';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice } from '../../api/schema/generated/types.ts';
import { canonical } from './template-hash-plan.ts';

export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';

export interface SlicePlan {
  readonly create: readonly EndpointSlice[];
  readonly update: readonly EndpointSlice[];
  readonly remove: readonly EndpointSlice[];
}

/** Endpoints with the same ports: they share slices. A group without endpoints wants one empty slice. */
export interface EndpointGroup {
  readonly ports: readonly DiscoveryV1EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What all slices have in common. */
export interface SliceShape {
  readonly owner: OwnerReference;
  readonly namespace: string;
  readonly addressType: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Absent: they are nobody's business here. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly mostEndpoints: number;
}

/** A slice on its way: what it was (undefined: it is new), and what is to be in it. */
interface Draft {
  readonly was: EndpointSlice | undefined;
  readonly ports: readonly DiscoveryV1EndpointPort[];
  endpoints: Endpoint[];
  isChanged: boolean;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b) || canonical(a) === canonical(b);
const isOwned = (slice: KubeObject, owner: OwnerReference) => slice.metadata?.ownerReferences?.some((o) => o.uid === owner.uid) ?? false;

/** Two pods of a node's own network have the same address. */
const identity = ({ addresses, targetRef }: Endpoint) => `${addresses.join()} ${targetRef?.namespace}/${targetRef?.name}`;

/**
 * The changes that bring the endpoints into slices, in as few writes as possible: what stays is left where it is; what is new goes into slices that change
 * anyway, then into the one other slice that it fills best, then into new ones; a slice that is no longer needed becomes one that is. `existing`: all
 * of this address type; those of another owner of the same name are removed.
 */
export function packSlices(existing: readonly EndpointSlice[], groups: readonly EndpointGroup[], shape: SliceShape): SlicePlan {
  const own = existing.filter((slice) => isOwned(slice, shape.owner));
  const remove = existing.filter((slice) => !own.includes(slice));
  const drafts = groups.flatMap((group) => packGroup(group, own, shape));
  const kept = new Set(drafts.map(({ was }) => was));
  const spare = own.filter((slice) => !kept.has(slice));
  const create: EndpointSlice[] = [];
  const update: EndpointSlice[] = [];
  for (const draft of drafts) {
    const was = draft.was ?? spare.shift();
    if (!was) create.push(sliceOf(draft, shape));
    else if (!draft.was || draft.isChanged) update.push(sliceOf(draft, shape, was));
  }
  return { create, update, remove: [...remove, ...spare] };
}

function packGroup(group: EndpointGroup, own: readonly EndpointSlice[], shape: SliceShape): Draft[] {
  const left = new Map(group.endpoints.map((endpoint) => [identity(endpoint), endpoint]));
  const slices = own.filter((slice) => same(slice.ports ?? [], group.ports));
  if (left.size === 0) {
    const [first] = slices;
    return [first ? draftOf(first, [], shape) : { was: undefined, ports: group.ports, endpoints: [], isChanged: true }];
  }
  const drafts = slices.map((slice) => draftOf(slice, retain(slice, left), shape)).filter(({ endpoints }) => endpoints.length > 0);
  fill(drafts, left, group, shape.mostEndpoints);
  return drafts;
}

function draftOf(was: EndpointSlice, endpoints: Endpoint[], { labels, annotations }: SliceShape): Draft {
  const isSame =
    same(was.endpoints ?? [], endpoints) &&
    same(was.metadata?.labels, labels) &&
    (annotations === undefined || same(was.metadata?.annotations ?? {}, annotations));
  return { was, ports: was.ports ?? [], endpoints, isChanged: !isSame };
}

/** What of a slice's endpoints stays, as it is to be now. Takes these out of what is left. */
function retain(slice: EndpointSlice, left: Map<string, Endpoint>): Endpoint[] {
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const wanted = left.get(identity(endpoint));
    left.delete(identity(endpoint));
    return wanted ?? [];
  });
}

function fill(drafts: Draft[], left: Map<string, Endpoint>, { ports }: EndpointGroup, most: number): void {
  const rest = [...left.values()];
  const into = (draft: Draft) => {
    draft.endpoints = [...draft.endpoints, ...rest.splice(0, most - draft.endpoints.length)];
    draft.isChanged = true;
  };
  const fullestFirst = [...drafts].sort((a, b) => b.endpoints.length - a.endpoints.length);
  for (const draft of fullestFirst) if (draft.isChanged && rest.length > 0) into(draft);
  const fitting = fullestFirst.find((draft) => !draft.isChanged && draft.endpoints.length + rest.length <= most);
  if (fitting && rest.length > 0) into(fitting);
  while (rest.length > 0) drafts.push({ was: undefined, ports, endpoints: rest.splice(0, most), isChanged: true });
}

function sliceOf({ ports, endpoints }: Draft, shape: SliceShape, was?: EndpointSlice): EndpointSlice {
  const { owner, namespace, addressType, labels, annotations } = shape;
  const metadata = was?.metadata ?? { generateName: `${owner.name}-`, namespace, ownerReferences: [owner] };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { ...labels }, ...(annotations && { annotations: { ...annotations } }) },
    addressType,
    ports: [...ports],
    endpoints: [...endpoints],
  };
}
