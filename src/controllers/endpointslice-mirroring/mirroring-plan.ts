import { SERVICE_NAME_LABEL, TRIGGER_TIME } from '../../api/discovery/endpoint-slice.ts';
import type {
  DiscoveryV1EndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointSlice,
  Endpoints,
  Service,
} from '../../api/schema/generated/types.ts';
import { formatAddress, parseAddress } from '../../base/ip.ts';
import { ownerReference } from '../lib/ownership-plan.ts';
import { type EndpointGroup, MANAGED_BY_LABEL, packSlices, type SlicePlan } from '../lib/slice-packing-plan.ts';

export const MANAGED_BY = 'endpointslicemirroring-controller.k8s.io';
/** Upstream's default of --mirroring-max-endpoints-per-subset. */
const MAX_PER_SUBSET = 1000;

const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
const SKIP_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
const NOT_COPIED = [TRIGGER_TIME, 'kubectl.kubernetes.io/last-applied-configuration'];

export interface MirrorPlan extends SlicePlan {
  /** What the Endpoints are to be told. */
  readonly findings: readonly { readonly reason: string; readonly message: string }[];
}

/** Are the Endpoints somebody's own, to be mirrored where their Service has no selector? */
const isMirrored = ({ metadata }: Endpoints): boolean =>
  metadata?.labels?.[SKIP_LABEL] !== 'true' && metadata?.annotations?.[LEADER_ANNOTATION] === undefined;

interface Mirrored {
  readonly family: 'IPv4' | 'IPv6';
  readonly endpoint: Endpoint;
}

function mirrored({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Mirrored | undefined {
  const address = parseAddress(ip);
  if (!address) return undefined;
  const endpoint = {
    addresses: [formatAddress(address.value, address.width)],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(targetRef && { targetRef }),
    ...(nodeName && { nodeName }),
  };
  return { family: address.width === 32 ? 'IPv4' : 'IPv6', endpoint };
}

/** The Endpoints of a key, the Service of that key, and the slices that were made for it: of any owner. */
export interface MirrorState {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  readonly existing: readonly EndpointSlice[];
}

/** What becomes of the slices. None stays without a Service, or for one with a selector; while Endpoints are on their way out, the garbage collector sees to theirs. */
export function planMirroring({ endpoints, service, existing }: MirrorState): MirrorPlan {
  if (!endpoints || !service || service.spec?.selector || !isMirrored(endpoints)) {
    return { create: [], update: [], remove: existing, findings: [] };
  }
  if (endpoints.metadata?.deletionTimestamp) return { create: [], update: [], remove: [], findings: [] };
  return planMirror(endpoints, existing);
}

/** The changes that make EndpointSlices say what a user's Endpoints say (Kubernetes: "EndpointSlice mirroring"), one slice for each set of ports and family. */
function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[]): MirrorPlan {
  const groups = { IPv4: new Map<string, EndpointGroup>(), IPv6: new Map<string, EndpointGroup>() };
  let invalid = 0;
  let surplus = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of endpoints.subsets ?? []) {
    const all = [...addresses.map((a) => mirrored(a, true)), ...notReadyAddresses.map((a) => mirrored(a, false))];
    const valid = all.filter((one) => one !== undefined);
    invalid += all.length - valid.length;
    surplus += Math.max(0, valid.length - MAX_PER_SUBSET);
    for (const { family, endpoint } of valid.slice(0, MAX_PER_SUBSET)) add(groups[family], ports.map(toPort), endpoint);
  }
  const { name = '', namespace = '' } = endpoints.metadata ?? {};
  const shape = {
    owner: ownerReference(endpoints, 'v1', 'Endpoints'),
    namespace,
    labels: { ...endpoints.metadata?.labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MANAGED_BY },
    annotations: Object.fromEntries(Object.entries(endpoints.metadata?.annotations ?? {}).filter(([key]) => !NOT_COPIED.includes(key))),
    mostEndpoints: MAX_PER_SUBSET,
  };
  const plans = (['IPv4', 'IPv6'] as const).map((addressType) => {
    const own = existing.filter((slice) => slice.addressType === addressType);
    return packSlices(own, [...groups[addressType].values()], { ...shape, addressType });
  });
  return {
    create: plans.flatMap((p) => p.create),
    update: plans.flatMap((p) => p.update),
    remove: plans.flatMap((p) => p.remove),
    findings: findingsOf(invalid, surplus),
  };
}

/** About addresses left out because they are none, and for being too many. */
const findingsOf = (invalid: number, surplus: number): MirrorPlan['findings'] => [
  ...(invalid > 0
    ? [{ reason: 'InvalidIPAddress', message: `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices` }]
    : []),
  ...(surplus > 0
    ? [
        {
          reason: 'TooManyAddressesToMirror',
          message: `A max of ${MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. ${surplus + invalid} addresses were skipped`,
        },
      ]
    : []),
];

const toPort = ({ name = '', port, protocol = 'TCP', appProtocol }: DiscoveryV1EndpointPort): DiscoveryV1EndpointPort => ({
  name,
  port,
  protocol,
  ...(appProtocol && { appProtocol }),
});

function add(groups: Map<string, EndpointGroup>, ports: DiscoveryV1EndpointPort[], endpoint: Endpoint): void {
  const key = JSON.stringify(ports);
  const { endpoints } = groups.get(key) ?? { endpoints: [] };
  groups.set(key, { ports, endpoints: [...endpoints, endpoint] });
}
