import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from '../meta/field-error.ts';
import type { Container, ContainerStatus, PodSpec, ResourceHealth, ResourceStatus } from '../schema/generated/types.ts';
import { checkId } from './validation-security.ts';

/** What a node says of containers: who they run as (KEP-3619) and how their devices are (KEP-4680). */

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const MAX_MESSAGE = 1024;

type Statuses = readonly ContainerStatus[];

function checkUser(path: string, { user }: ContainerStatus, os: string): FieldError[] {
  if (!user?.linux) return [];
  const at = `${path}.user.linux`;
  if (os === 'windows') return [forbidden(at, 'cannot be set for a windows pod')];
  const { uid, gid, supplementalGroups = [] } = user.linux;
  return [
    ...checkId(`${at}.uid`, uid),
    ...checkId(`${at}.gid`, gid),
    ...supplementalGroups.flatMap((group, i) => checkId(`${at}.supplementalGroups[${i}]`, group)),
  ];
}

export const checkUsers = (path: string, statuses: Statuses = [], { os }: PodSpec): FieldError[] =>
  statuses.flatMap((status, i) => checkUser(`${path}[${i}]`, status, os?.name ?? 'linux'));

function checkDeviceName(path: string, name: string, { resources = {} }: Container): FieldError[] {
  if (!name.startsWith('claim:')) {
    return name in (resources.requests ?? {}) ? [] : [invalid(path, name, "must match one of the container's resource requests")];
  }
  const claims = (resources.claims ?? []).map((claim) => `claim:${claim.name}${claim.request ? `/${claim.request}` : ''}`);
  const detail =
    "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";
  return claims.includes(name) ? [] : [invalid(path, name, detail)];
}

function checkHealth(path: string, { health = '', message, resourceID }: ResourceHealth, before: readonly ResourceHealth[]): FieldError[] {
  return [
    ...(HEALTH.includes(health) ? [] : [notSupported(`${path}.health`, health, HEALTH)]),
    ...(message === '' ? [required(`${path}.message`, 'must be non-empty if specified')] : []),
    ...(message && message.length > MAX_MESSAGE ? [tooLong(`${path}.message`, MAX_MESSAGE)] : []),
    ...(before.some((other) => other.resourceID === resourceID) ? [duplicate(`${path}.resourceID`, resourceID)] : []),
  ];
}

const checkDevices = (path: string, { name = '', resources = [] }: ResourceStatus, container: Container | undefined): FieldError[] => [
  ...(container ? checkDeviceName(`${path}.name`, name, container) : []),
  ...resources.flatMap((health, i) => checkHealth(`${path}.resources[${i}]`, health, resources.slice(0, i))),
];

/** Containers that the spec does not know are let pass, as are those that have gone from it. */
export const checkAllocated = (path: string, statuses: Statuses = [], containers: readonly Container[] = []): FieldError[] =>
  statuses.flatMap(({ name, allocatedResourcesStatus = [] }, i) => {
    const container = containers.find((each) => each.name === name);
    return allocatedResourcesStatus.flatMap((each, j) => checkDevices(`${path}[${i}].allocatedResourcesStatus[${j}]`, each, container));
  });

export const checkNothingAllocated = (path: string, statuses: Statuses = []): FieldError[] =>
  statuses.flatMap(({ allocatedResourcesStatus = [] }, i) =>
    allocatedResourcesStatus.length > 0
      ? [forbidden(`${path}[${i}].allocatedResourcesStatus`, 'must not be specified in container status')]
      : [],
  );
