import type {
  AllocationResult,
  DeviceAllocationConfiguration,
  Node,
  NodeSelector,
  NodeSelectorRequirement,
  ResourceV1ResourceClaim,
} from '../../api/schema/generated/types.ts';
import type { Amounts } from './capacity-plan.ts';
import type { PoolDevice } from './pools-plan.ts';
import type { Alternative } from './request-plan.ts';

/** A device for a request. */
export interface Allotted {
  readonly alternative: Alternative;
  readonly device: PoolDevice;
  /** It takes from its pool's counters. */
  readonly isCounted: boolean;
  /** Of a device that several may have. */
  readonly share?: { readonly id: string; readonly amounts: Amounts };
}

/** What the claim's status says of its devices: which, how they are configured, and from which nodes they can be used. */
export function allocationOf(claim: ResourceV1ResourceClaim, node: Node, allotted: readonly Allotted[]): AllocationResult {
  const results = allotted.map(({ alternative, share, device: { driver, pool, device } }) => ({
    request: alternative.name,
    driver,
    pool: pool.name,
    device: device.name,
    ...(alternative.adminAccess && { adminAccess: true }),
    ...(alternative.tolerations.length > 0 && { tolerations: [...alternative.tolerations] }),
    ...(device.bindingConditions && { bindingConditions: device.bindingConditions }),
    ...(device.bindingFailureConditions && { bindingFailureConditions: device.bindingFailureConditions }),
    ...(share && { shareID: share.id }),
    ...(share && Object.keys(share.amounts).length > 0 && { consumedCapacity: { ...share.amounts } }),
  }));
  const config = configOf(claim, allotted);
  const nodeSelector = nodeSelectorOf(
    allotted.map(({ device }) => device),
    node,
  );
  return { devices: { results, ...(config.length > 0 && { config }) }, ...(nodeSelector && { nodeSelector }) };
}

/** That of the classes first, each class once for all requests that name it, then the claim's own for what was chosen. */
function configOf(claim: ResourceV1ResourceClaim, allotted: readonly Allotted[]): DeviceAllocationConfiguration[] {
  const requests = new Map(allotted.map(({ alternative }) => [alternative.name, alternative.deviceClass]));
  const classes = [...new Set(requests.values())];
  const ofClasses = classes.flatMap((deviceClass) => {
    const names = [...requests].filter(([, one]) => one === deviceClass).map(([name]) => name);
    return (deviceClass.spec.config ?? []).map((config) => ({ source: 'FromClass', requests: names, ...config }));
  });
  const isChosen = (name: string) => [...requests.keys()].some((request) => request === name || request.split('/')[0] === name);
  const ofClaim = (claim.spec.devices?.config ?? [])
    .filter(({ requests: names = [] }) => names.length === 0 || names.some(isChosen))
    .map((config) => ({ source: 'FromClaim', ...config }));
  return [...ofClasses, ...ofClaim];
}

/** undefined: usable everywhere. One device of a node, or that is bound to the node that gets it, ties all to it. */
function nodeSelectorOf(devices: readonly PoolDevice[], node: Node): NodeSelector | undefined {
  const placements = devices.map(({ device, slice }) => (slice.spec.perDeviceNodeSelection ? device : slice.spec));
  if (placements.some(({ nodeName }) => nodeName) || devices.some(({ device }) => device.bindsToNode)) {
    return { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata?.name ?? ''] }] }] };
  }
  const terms = placements.flatMap(({ nodeSelector }) => nodeSelector?.nodeSelectorTerms[0] ?? []);
  const matchFields = distinct(terms.flatMap((term) => term.matchFields ?? []));
  const matchExpressions = distinct(terms.flatMap((term) => term.matchExpressions ?? []));
  if (matchFields.length + matchExpressions.length === 0) return undefined;
  return {
    nodeSelectorTerms: [{ ...(matchFields.length > 0 && { matchFields }), ...(matchExpressions.length > 0 && { matchExpressions }) }],
  };
}

const distinct = (requirements: readonly NodeSelectorRequirement[]): NodeSelectorRequirement[] => {
  const byText = new Map(requirements.map((one) => [JSON.stringify([one.key, one.operator, [...(one.values ?? [])].sort()]), one]));
  return [...byText.values()];
};
