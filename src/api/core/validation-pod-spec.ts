import { type FieldError, forbidden, required } from '../meta/field-error.ts';
import { dns1123SubdomainFindings } from '../meta/names.ts';
import { checkAnnotations, checkEnum, checkLabel, checkLabels, checkQualifiedName, checkRange, found } from '../meta/validation.ts';
import type { Pod, PodSpec, PodTemplateSpec } from '../schema/generated/types.ts';
import { checkContainers, checkImagePadding } from './validation-container.ts';
import { checkFileVolumes } from './validation-env.ts';
import { checkAnnotationsAgree, checkPodAnnotations } from './validation-pod-annotations.ts';
import { checkDnsConfig, checkHostAliases, checkHostNetworkPorts, checkHostnameOverride } from './validation-pod-network.ts';
import { checkPodClaims, checkPodResources } from './validation-pod-resources.ts';
import { checkContainerResourceName, checkResources } from './validation-resources.ts';
import { checkAffinity, checkSchedulingGates, checkTolerations } from './validation-scheduling.ts';
import { checkHostUsers, checkPodSecurityContext } from './validation-security.ts';
import { checkSpread } from './validation-spread.ts';
import { checkVolumes } from './validation-volume.ts';
import { checkHostProcess, checkOs } from './validation-windows.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never'];
const MAX_INT32 = 2_147_483_647;
const NO_CLAIMS: ReadonlySet<string> = new Set();

const checkName = (path: string, name: string | undefined): FieldError[] => (name ? found(path, name, dns1123SubdomainFindings(name)) : []);

function checkContent(path: string, spec: PodSpec, pod: Pod | undefined): FieldError[] {
  const claims = spec.resourceClaims ? new Set(spec.resourceClaims.map(({ name }) => name).filter(Boolean)) : NO_CLAIMS;
  const volumes = checkVolumes(`${path}.volumes`, spec, pod);
  const around = {
    volumes: volumes.sound,
    claims,
    graceSeconds: spec.terminationGracePeriodSeconds,
    restartPolicy: spec.restartPolicy,
    hostUsers: spec.hostUsers !== false,
  };
  return [
    ...volumes.errors,
    ...checkPodClaims(`${path}.resourceClaims`, spec.resourceClaims),
    ...checkContainers(path, spec, around),
    ...checkPodResources(`${path}.resources`, spec, claims),
  ];
}

/** Of pods and templates. The restart policy of templates is narrowed by the workload's own check. */
export function checkPodSpec(path: string, spec: PodSpec, pod?: Pod): FieldError[] {
  const { preemptionPolicy, runtimeClassName, overhead } = spec;
  return [
    ...checkContent(path, spec, pod),
    ...checkHostNetworkPorts(path, spec, pod !== undefined),
    ...checkEnum(`${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES),
    ...checkEnum(`${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES),
    ...checkLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...checkPodSecurityContext(`${path}.securityContext`, spec.securityContext, spec),
    ...checkAffinity(`${path}.affinity`, spec.affinity),
    ...checkDnsConfig(`${path}.dnsConfig`, spec.dnsConfig, spec.dnsPolicy),
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, i) =>
      checkQualifiedName(`${path}.readinessGates[${i}].conditionType`, conditionType ?? ''),
    ),
    ...checkSchedulingGates(`${path}.schedulingGates`, spec.schedulingGates),
    ...checkSpread(`${path}.topologySpreadConstraints`, spec),
    ...checkHostProcess(path, spec),
    ...checkHostUsers(path, spec),
    ...checkHostnameOverride(`${path}.hostnameOverride`, spec),
    ...checkName(`${path}.serviceAccountName`, spec.serviceAccountName),
    ...checkName(`${path}.nodeName`, spec.nodeName),
    ...checkRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, MAX_INT32),
    ...(spec.hostname ? checkLabel(`${path}.hostname`, spec.hostname) : []),
    ...(spec.subdomain ? checkLabel(`${path}.subdomain`, spec.subdomain) : []),
    ...checkTolerations(`${path}.tolerations`, spec.tolerations),
    ...checkHostAliases(`${path}.hostAliases`, spec.hostAliases),
    ...checkName(`${path}.priorityClassName`, spec.priorityClassName),
    ...(runtimeClassName === undefined
      ? []
      : found(`${path}.runtimeClassName`, runtimeClassName, dns1123SubdomainFindings(runtimeClassName))),
    ...(preemptionPolicy === ''
      ? [required(`${path}.preemptionPolicy`)]
      : checkEnum(`${path}.preemptionPolicy`, preemptionPolicy, PREEMPTION_POLICIES)),
    ...(overhead ? checkResources(`${path}.overhead`, { limits: overhead }, checkContainerResourceName, NO_CLAIMS) : []),
    ...checkOs(path, spec),
    ...checkFileVolumes(path, spec),
  ];
}

const EMPTY_SPEC: PodSpec = { containers: [] };

/** Tokens belong to a service account: without one, nothing can be projected. */
function checkTokens({ serviceAccountName, volumes = [] }: PodSpec): FieldError[] {
  if (serviceAccountName) return [];
  const detail = 'must not be specified when serviceAccountName is not set';
  return volumes.flatMap(({ projected }, v) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }, s) =>
      serviceAccountToken ? [forbidden(`spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`, detail)] : [],
    ),
  );
}

export function checkPod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? EMPTY_SPEC;
  return [
    ...checkPodAnnotations('metadata.annotations', pod.metadata?.annotations, spec),
    ...checkPodSpec('spec', spec, pod),
    ...checkTokens(spec),
    ...(spec.containers ?? []).flatMap(({ image }, i) => checkImagePadding(`spec.containers[${i}].image`, image)),
    ...(spec.initContainers ?? []).flatMap(({ image }, i) => checkImagePadding(`spec.initContainers[${i}].image`, image)),
  ];
}

/** Ephemeral containers come through their subresource alone; a node only when no gate is left. */
export function checkNewPod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? EMPTY_SPEC;
  const gated = spec.nodeName && spec.schedulingGates?.length;
  return [
    ...(spec.ephemeralContainers?.length ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')] : []),
    ...(gated ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')] : []),
    ...checkAnnotationsAgree('spec', pod.metadata ?? {}, spec),
  ];
}

export function checkPodTemplate(path: string, template: PodTemplateSpec | undefined): FieldError[] {
  const { metadata = {}, spec = EMPTY_SPEC } = template ?? {};
  const ephemeral = spec.ephemeralContainers?.length;
  return [
    ...checkLabels(`${path}.labels`, metadata.labels),
    ...checkAnnotations(`${path}.annotations`, metadata.annotations),
    ...checkPodAnnotations(`${path}.annotations`, metadata.annotations, spec),
    ...checkPodSpec(`${path}.spec`, spec),
    ...checkAnnotationsAgree(`${path}.spec`, metadata, spec),
    ...(ephemeral ? [forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template')] : []),
  ];
}
