import { fill, fillZero } from '../meta/fill.ts';
import type { Container, Pod, PodSpec, PodTemplateSpec } from '../schema/generated/types.ts';
import { defaultContainer } from './defaults-container.ts';
import { defaultVolume } from './defaults-volume.ts';

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
  for (const container of [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]) {
    requestLimits(container);
    if (pod.spec.hostNetwork) for (const port of container.ports ?? []) fillZero(port, { hostPort: port.containerPort });
  }
}

function requestLimits({ resources }: Container): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}
