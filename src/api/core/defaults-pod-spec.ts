import { formatQuantity } from '../../base/quantity.ts';
import { fill, fillZero } from '../meta/fill.ts';
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../schema/generated/types.ts';
import { defaultContainer } from './defaults-container.ts';
import { defaultVolume } from './defaults-volume.ts';
import { containerLimits, containerRequests } from './pod-resources.ts';
import { isHugePages } from './resource-names.ts';

/** Everything that pods and pod templates default alike. */
export function defaultPodSpec(spec: PodSpec): void {
  fillZero(spec, { dnsPolicy: 'ClusterFirst', restartPolicy: 'Always', schedulerName: 'default-scheduler' });
  fill(spec, { terminationGracePeriodSeconds: 30, securityContext: {} });
  syncServiceAccount(spec);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of allContainers(spec)) defaultContainer(container);
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are always shown. */
function syncServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

export const allContainers = (spec: PodSpec): Container[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

/** What only real pods default: a template keeps the difference between "not set" and "equal to the limit". */
export function defaultPod(pod: Pod): void {
  if (!pod.spec) return;
  defaultPodSpec(pod.spec);
  fill(pod.spec, { enableServiceLinks: true });
  // A template keeps what it says; no pod is given less than a second.
  if ((pod.spec.terminationGracePeriodSeconds ?? 0) < 0) pod.spec.terminationGracePeriodSeconds = 1;
  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    requestLimits(container);
    if (pod.spec.hostNetwork) for (const port of container.ports ?? []) fillZero(port, { hostPort: port.containerPort });
  }
  defaultPodResources(pod);
}

/** What is asked for the pod as a whole is completed from its containers: pages' limits, then requests, then from its own limits (KEP-2837). */
function defaultPodResources(pod: Pod): void {
  const resources = pod.spec?.resources;
  if (!resources || !(hasAny(resources.limits) || hasAny(resources.requests))) return;
  for (const [name, amount] of Object.entries(containerLimits(pod))) {
    if (!isHugePages(name) || resources.requests?.[name] !== undefined) continue;
    resources.limits = { [name]: formatQuantity(amount), ...resources.limits };
  }
  if (!resources.limits || !hasAny(resources.limits)) return;
  const requests = { ...resources.requests };
  for (const [name, amount] of Object.entries(containerRequests(pod))) {
    if (name === 'cpu' || name === 'memory') requests[name] ??= formatQuantity(amount);
  }
  for (const [name, text] of Object.entries(resources.limits)) {
    if (name === 'cpu' || name === 'memory' || isHugePages(name)) requests[name] ??= text;
  }
  if (hasAny(requests)) resources.requests = requests;
}

const hasAny = (list: object | undefined): boolean => list !== undefined && Object.keys(list).length > 0;

function requestLimits({ resources }: Container): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}
