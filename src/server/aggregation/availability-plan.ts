import { availableCondition, localCondition } from '../../api/apiregistration/api-service.ts';
import type { APIService, APIServiceCondition, EndpointSlice, Service } from '../../api/schema/generated/types.ts';

export type Finding = Pick<APIServiceCondition, 'status' | 'reason' | 'message'>;

export const PASSED: Finding = { status: 'True', reason: 'Passed', message: 'all checks passed' };
export const discoveryFailed = (message: string): Finding => ({ status: 'False', reason: 'FailedDiscoveryCheck', message });

const HTTPS_PORT = 443;

/** What is wrong with the Service behind an APIService before anybody calls it; undefined: call it (kube-aggregator, remote availability controller). */
export function findService({ spec }: APIService, service: Service | undefined, slices: readonly EndpointSlice[]): Finding | undefined {
  const { name = '', namespace = '', port = HTTPS_PORT } = spec?.service ?? {};
  const where = `service/${name} in ${JSON.stringify(namespace)}`;
  const fault = (reason: string, message: string): Finding => ({ status: 'False', reason, message });
  if (!service) return fault('ServiceNotFound', `${where} is not present`);
  if ((service.spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
  const found = service.spec?.ports?.find((each) => each.port === port);
  if (!found) return fault('ServicePortError', `${where} is not listening on port ${port}`);
  if (slices.length === 0) return fault('EndpointsNotFound', `cannot find endpointslices for ${where}`);
  const portName = found.name ?? '';
  if (slices.some((slice) => isServing(slice, portName))) return undefined;
  return fault('MissingEndpoints', `endpointslices for ${where} have no addresses with port name ${JSON.stringify(portName)}`);
}

const isServing = ({ endpoints, ports }: EndpointSlice, portName: string): boolean =>
  (endpoints ?? []).some(({ conditions }) => conditions?.ready ?? true) &&
  (ports ?? []).some(({ name = '', port }) => name === portName && port !== undefined);

/** The status with this finding, or undefined when it says so already. */
export function planStatus(service: APIService, finding: Finding, now: string): APIService['status'] | undefined {
  const before = availableCondition(service);
  if (before && before.status === finding.status && before.reason === finding.reason && before.message === finding.message)
    return undefined;
  const lastTransitionTime = before?.status === finding.status ? before.lastTransitionTime : now;
  const others = service.status?.conditions?.filter(({ type }) => type !== 'Available') ?? [];
  return { ...service.status, conditions: [...others, { type: 'Available', ...finding, lastTransitionTime }] };
}

export const LOCAL: Finding = localCondition('');
