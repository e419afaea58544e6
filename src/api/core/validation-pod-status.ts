import { canonicalIp, checkIp } from '../meta/addresses.ts';
import { duplicate, type FieldError, forbidden, invalid } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkImmutable, checkQualifiedName, found } from '../meta/validation.ts';
import type { ContainerStatus, Pod, PodSpec, PodStatus } from '../schema/generated/types.ts';
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
  return [...errors, invalid(path, addresses, 'may specify no more than one IP for each IP family')];
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
      : [...errors, ...found(at, resourceClaimName, dns1123SubdomainFindings(resourceClaimName))];
  });
}

export function checkPodStatus(pod: Pod, old: Pod): FieldError[] {
  const [now, then, spec] = [pod.status ?? {}, old.status ?? {}, old.spec ?? ({ containers: [] } as PodSpec)];
  const { nominatedNodeName = '' } = now;
  const mayRestart = (status: ContainerStatus) => restartsAfter(spec, status);
  return [
    ...checkPodAnnotationsUpdate(pod, old),
    ...(now.conditions ?? []).flatMap(({ type }, i) =>
      KNOWN_CONDITIONS.has(type) ? [] : checkQualifiedName(`metadata.conditions[${i}].Type`, type ?? ''),
    ),
    ...(nominatedNodeName && nominatedNodeName !== then.nominatedNodeName
      ? found('status.nominatedNodeName', nominatedNodeName, dns1123SubdomainFindings(nominatedNodeName))
      : []),
    ...checkImmutable('status.qosClass', now.qosClass, then.qosClass),
    ...checkTransitions('status.containerStatuses', now.containerStatuses, then.containerStatuses, mayRestart),
    ...checkTransitions('status.initContainerStatuses', now.initContainerStatuses, then.initContainerStatuses, mayRestart),
    ...checkTransitions('status.ephemeralContainerStatuses', now.ephemeralContainerStatuses, then.ephemeralContainerStatuses, () => false),
    ...checkClaimStatuses(now, spec),
    ...checkFamilies('status.podIPs', now.podIPs ?? []),
    ...checkHostIps(now),
  ];
}
