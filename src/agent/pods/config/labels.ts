import type { Container, Pod } from '../../../api/schema/generated/types.ts';

/** Labels and annotations that the kubelet puts on what it makes in the runtime; others (crictl, cAdvisor) read them too. */
export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';
export const RESTART_COUNT = 'io.kubernetes.container.restartCount';
export const SPEC_IMAGE = 'minik.io/container-spec-image';

export const podLabels = (pod: Pod): Record<string, string> => ({
  [POD_NAME]: pod.metadata?.name ?? '',
  [POD_NAMESPACE]: pod.metadata?.namespace ?? '',
  [POD_UID]: pod.metadata?.uid ?? '',
});

export const containerLabels = (pod: Pod, container: Container): Record<string, string> => ({
  ...podLabels(pod),
  [CONTAINER_NAME]: container.name,
});

export const containerAnnotations = (pod: Pod, container: Container, attempt: number): Record<string, string> => ({
  [RESTART_COUNT]: `${attempt}`,
  [SPEC_IMAGE]: container.image ?? '',
  'io.kubernetes.container.terminationMessagePath': container.terminationMessagePath ?? '/dev/termination-log',
  'io.kubernetes.container.terminationMessagePolicy': container.terminationMessagePolicy ?? 'File',
  'io.kubernetes.pod.terminationGracePeriod': `${pod.spec?.terminationGracePeriodSeconds ?? 30}`,
});
