import { type FieldError, forbidden, invalid, required } from '../meta/field-error.ts';
import { checkEnum, checkIp, checkLabel, checkLabels, checkNonNegative, checkRange, checkSubdomain } from '../meta/validation.ts';
import type { Pod, PodSpec, PodTemplateSpec } from '../schema/generated/types.ts';
import { checkContainers } from './validation-container.ts';
import { checkPlacement } from './validation-scheduling.ts';
import { checkVolumes } from './validation-volume.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_INT32 = 2_147_483_647;
const MAX_NAMESERVERS = 3;

function checkDns(path: string, { dnsPolicy, dnsConfig }: PodSpec): FieldError[] {
  const errors = checkEnum(`${path}.dnsPolicy`, dnsPolicy, DNS_POLICIES);
  const servers = dnsConfig?.nameservers ?? [];
  const at = `${path}.dnsConfig.nameservers`;
  if (dnsPolicy === 'None') {
    if (!dnsConfig) errors.push(required(`${path}.dnsConfig`, "must provide `dnsConfig` when `dnsPolicy` is 'None'"));
    else if (servers.length === 0) errors.push(required(at, "must provide at least one DNS nameserver when `dnsPolicy` is 'None'"));
  }
  if (servers.length > MAX_NAMESERVERS) errors.push(invalid(at, servers, `must not have more than ${MAX_NAMESERVERS} nameservers`));
  return [...errors, ...servers.flatMap((server, i) => checkIp(`${at}[${i}]`, server))];
}

function checkHost(path: string, spec: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.hostname) errors.push(...checkLabel(`${path}.hostname`, spec.hostname));
  if (spec.subdomain) errors.push(...checkLabel(`${path}.subdomain`, spec.subdomain));
  if (spec.nodeName) errors.push(...checkSubdomain(`${path}.nodeName`, spec.nodeName));
  for (const [index, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    errors.push(...checkIp(`${path}.hostAliases[${index}].ip`, ip));
    errors.push(...hostnames.flatMap((name) => checkSubdomain(`${path}.hostAliases[${index}].hostnames`, name)));
  }
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  return errors;
}

/** Of pods and templates. The restart policy of templates is narrowed by the workload's own check. */
export function checkPodSpec(path: string, spec: PodSpec): FieldError[] {
  const volumes = new Set((spec.volumes ?? []).map((v) => v.name));
  return [
    ...checkVolumes(`${path}.volumes`, spec.volumes),
    ...checkContainers(path, spec, volumes),
    ...checkEnum(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...checkDns(path, spec),
    ...checkHost(path, spec),
    ...(spec.serviceAccountName ? checkSubdomain(`${path}.serviceAccountName`, spec.serviceAccountName) : []),
    ...(spec.imagePullSecrets ?? []).flatMap((s, i) => (s.name ? [] : [required(`${path}.imagePullSecrets[${i}].name`)])),
    ...checkRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, MAX_INT32),
    ...checkNonNegative(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...checkPlacement(path, spec),
  ];
}

export function checkPod(pod: Pod): FieldError[] {
  if (!pod.spec) return [required('spec.containers')];
  return checkPodSpec('spec', pod.spec);
}

/** Ephemeral containers come through their subresource alone. */
export const checkNoEphemeral = (path: string, spec: PodSpec | undefined, detail: string): FieldError[] =>
  spec?.ephemeralContainers?.length ? [forbidden(`${path}.ephemeralContainers`, detail)] : [];

export function checkPodTemplate(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  if (!template?.spec) return [required(`${path}.spec.containers`)];
  return [
    ...checkLabels(`${path}.labels`, template.metadata?.labels),
    ...checkPodSpec(`${path}.spec`, template.spec),
    ...checkNoEphemeral(`${path}.spec`, template.spec, 'ephemeral containers not allowed in pod template'),
  ];
}
