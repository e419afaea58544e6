import { canonicalIp, checkIp } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkImmutable, checkLabel, checkQualifiedName, found } from '../meta/validation.ts';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../schema/generated/types.ts';
import { checkAllocated, checkNothingAllocated, checkUsers } from './validation-container-status.ts';
import { checkPodAnnotationsUpdate } from './validation-pod-annotations.ts';

const KNOWN_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);

/** Containers that have ended for good do not run again. */
function checkTransitions(
  path: string,
  now: readonly ContainerStatus[] = [],
  then: readonly ContainerStatus[] = [],
  mayRestart: (status: ContainerStatus) => boolean,
): FieldError[] {
  return then.flatMap((old, i) => {
    if (!old.state?.terminated || mayRestart(old)) return [];
    const revived = now.some((status) => status.name === old.name && !status.state?.terminated);
    return revived ? [forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state')] : [];
  });
}

/** By the policy of the container itself, where it has one (KEP-5307), else by the pod's. */
function restartsAfter(spec: PodSpec, status: ContainerStatus): boolean {
  const container = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].find(({ name }) => name === status.name);
  if (container?.restartPolicyRules?.length) return true;
  const policy = container?.restartPolicy ?? spec.restartPolicy;
  return policy === 'Always' || (policy === 'OnFailure' && status.state?.terminated?.exitCode !== 0);
}

/** At most one address of each family. */
function checkFamilies(path: string, addresses: readonly { ip?: string }[]): FieldError[] {
  const errors = addresses.flatMap(({ ip = '' }, i) => checkIp(`${path}[${i}]`, ip));
  if (errors.length > 0 || addresses.length < 2) return errors;
  const families = new Set(addresses.map(({ ip = '' }) => canonicalIp(ip)?.includes(':')));
  if (families.size === addresses.length) return errors;
  return [
    ...errors,
    invalid(
      path,
      addresses.map(({ ip = '' }) => ({ IP: ip })),
      'may specify no more than one IP for each IP family',
    ),
  ];
}

function checkHostIps({ hostIP = '', hostIPs = [] }: PodStatus): FieldError[] {
  const [first] = hostIPs;
  if (!first) return [];
  const differs = hostIP === first.ip ? [] : [invalid('status.hostIPs[0].ip', first.ip ?? '', 'must be equal to `hostIP`')];
  return [...differs, ...checkFamilies('status.hostIPs', hostIPs)];
}

function checkClaimStatuses({ resourceClaimStatuses = [] }: PodStatus, spec: PodSpec): FieldError[] {
  const seen = new Set<string>();
  return resourceClaimStatuses.flatMap(({ name, resourceClaimName }, i) => {
    const at = `status.resourceClaimStatuses[${i}].name`;
    const known = spec.resourceClaims?.some((claim) => claim.name === name);
    const errors = known ? [] : [invalid(at, name, 'must match the name of an entry in `spec.resourceClaims`')];
    if (seen.has(name)) errors.push(duplicate(at, name));
    seen.add(name);
    return resourceClaimName === undefined
      ? errors
      : [
          ...errors,
          ...found(`status.resourceClaimStatuses[${i}].resourceClaimName`, resourceClaimName, dns1123SubdomainFindings(resourceClaimName)),
        ];
  });
}

const checkGeneration = (path: string, generation: number | undefined): FieldError[] =>
  generation !== undefined && generation < 0 ? [invalid(path, generation, 'must be a non-negative integer')] : [];

const checkConditions = ({ conditions = [] }: PodStatus): FieldError[] =>
  conditions.flatMap(({ type, observedGeneration }, i) => [
    ...checkGeneration(`status.conditions[${i}].observedGeneration`, observedGeneration),
    ...(KNOWN_CONDITIONS.has(type) ? [] : checkQualifiedName(`status.conditions[${i}].Type`, type ?? '')),
  ]);

/** Where a pod is going to be: once it is there, nobody nominates another node (KEP-5278). */
function checkNominated(
  { nominatedNodeName: now = '' }: PodStatus,
  { nominatedNodeName: then = '' }: PodStatus,
  spec: PodSpec,
): FieldError[] {
  if (!now || now === then) return [];
  const path = 'status.nominatedNodeName';
  return [
    ...found(path, now, dns1123SubdomainFindings(now)),
    ...(spec.nodeName ? [forbidden(path, 'may not be set on pods that are already bound to a node')] : []),
  ];
}

type Mapping = NonNullable<PodStatus['extendedResourceClaimStatus']>['requestMappings'][number];

function checkMapping(path: string, mapping: Mapping, before: readonly Mapping[], spec: PodSpec): FieldError[] {
  const { containerName, resourceName, requestName } = mapping;
  const container = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].find(({ name }) => name === containerName);
  const errors: FieldError[] = [];
  if (!container) {
    const detail = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';
    errors.push(invalid(`${path}.containerName`, containerName, detail));
  } else if (!(resourceName in (container.resources?.requests ?? {}))) {
    const detail =
      'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests';
    errors.push(invalid(`${path}.resourceName`, resourceName, detail));
  }
  errors.push(...checkLabel('status.extendedResourceClaimStatus.requestName', requestName));
  const again = before.some(
    (other) => other.containerName === containerName && other.resourceName === resourceName && other.requestName === requestName,
  );
  if (!again) return errors;
  return [
    ...errors,
    ...(['containerName', 'resourceName', 'requestName'] as const).map((field) => duplicate(`${path}.${field}`, mapping[field])),
  ];
}

/** The claim that was made for extended resources of the pod (KEP-5004). */
function checkExtendedClaim({ extendedResourceClaimStatus: status }: PodStatus, spec: PodSpec): FieldError[] {
  if (!status) return [];
  const { requestMappings: mappings = [], resourceClaimName: name } = status;
  const path = 'status.extendedResourceClaimStatus';
  return [
    ...(mappings.length > 0 ? [] : [required(`${path}.requestMappings`, 'at least one request mapping is required')]),
    ...mappings.flatMap((mapping, i) => checkMapping(`${path}.requestMappings[${i}]`, mapping, mappings.slice(0, i), spec)),
    ...(name ? found(`${path}.resourceClaimName`, name, dns1123SubdomainFindings(name)) : [required(`${path}.resourceClaimName`)]),
  ];
}

export function checkPodStatus(pod: Pod, old: Pod): FieldError[] {
  const [now, then, spec] = [pod.status ?? {}, old.status ?? {}, old.spec ?? ({ containers: [] } as PodSpec)];
  const mayRestart = (status: ContainerStatus) => restartsAfter(spec, status);
  return [
    ...checkPodAnnotationsUpdate(pod, old),
    ...checkConditions(now),
    ...checkNominated(now, then, spec),
    ...checkGeneration('status.observedGeneration', now.observedGeneration),
    ...checkImmutable('status.qosClass', now.qosClass, then.qosClass),
    ...checkTransitions('status.containerStatuses', now.containerStatuses, then.containerStatuses, mayRestart),
    ...checkTransitions('status.initContainerStatuses', now.initContainerStatuses, then.initContainerStatuses, mayRestart),
    ...checkTransitions('status.ephemeralContainerStatuses', now.ephemeralContainerStatuses, then.ephemeralContainerStatuses, () => false),
    ...checkClaimStatuses(now, spec),
    ...checkExtendedClaim(now, spec),
    ...checkFamilies('status.podIPs', now.podIPs ?? []),
    ...checkHostIps(now),
    ...checkUsers('status.containerStatuses', now.containerStatuses, spec),
    ...checkUsers('status.initContainerStatuses', now.initContainerStatuses, spec),
    ...checkUsers('status.ephemeralContainerStatuses', now.ephemeralContainerStatuses, spec),
    ...checkAllocated('status.containerStatuses', now.containerStatuses, spec.containers),
    ...checkAllocated('status.initContainerStatuses', now.initContainerStatuses, spec.initContainers),
    ...checkNothingAllocated('status.ephemeralContainerStatuses', now.ephemeralContainerStatuses),
  ];
}
