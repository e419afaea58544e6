import type { Container } from '../../../api/schema/generated/types.ts';
import {
  type Check,
  type Control,
  containersOf,
  containersThat,
  namedContainers,
  type PodLike,
  plural,
  quoted,
  setters,
  sorted,
} from './check-plan.ts';

const hostNamespaces: Control = ({ spec }) => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]).map((field) => `${field}=true`);
  return used.length > 0 ? { reason: 'host namespaces', detail: used.join(', ') } : undefined;
};

const hostPathVolumes: Control = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', names.length)} ${quoted(names)}` };
};

const portsOf = ({ ports = [] }: Container) => ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));

const hostPorts: Control = (pod) => {
  const names = containersThat(pod, (container) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sorted(containersOf(pod).flatMap(portsOf));
  const what = `${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail: `${namedContainers(names)} ${plural('uses', 'use', names.length)} ${what}` };
};

type Handler = { readonly httpGet?: { readonly host?: string }; readonly tcpSocket?: { readonly host?: string } } | undefined;

/** Hosts that probes and hooks call instead of the pod itself. */
function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers: Handler[] = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host) => host)) as string[];
}

const hostProbesAndLifecycle: Control = (pod) => {
  const names = sorted(containersThat(pod, (container) => hostsOf(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sorted(containersOf(pod).flatMap(hostsOf));
  const what = `${plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)} ${quoted(hosts)}`;
  return { reason: 'probe or lifecycle host', detail: `${namedContainers(names)} ${plural('uses', 'use', names.length)} ${what}` };
};

const privileged: Control = (pod) => {
  const names = containersThat(pod, ({ securityContext }) => securityContext?.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${namedContainers(names)} must not set securityContext.privileged=true` };
};

const windowsHostProcess: Control = (pod) => {
  const isHost = (context: PodLike['spec']['securityContext'] | Container['securityContext']) =>
    context?.windowsOptions?.hostProcess === true;
  const who = setters(
    isHost(pod.spec.securityContext),
    containersThat(pod, ({ securityContext }) => isHost(securityContext)),
  );
  return who ? { reason: 'hostProcess', detail: `${who} must not set securityContext.windowsOptions.hostProcess=true` } : undefined;
};

/** Baseline: what reaches out of the pod into its node (Kubernetes: "Pod Security Standards"). */
export const BASELINE_HOST_CHECKS: readonly Check[] = [
  { id: 'hostNamespaces', level: 'baseline', versions: [{ since: 0, control: hostNamespaces }] },
  { id: 'hostPathVolumes', level: 'baseline', versions: [{ since: 0, control: hostPathVolumes }] },
  { id: 'hostPorts', level: 'baseline', versions: [{ since: 0, control: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', level: 'baseline', versions: [{ since: 34, control: hostProbesAndLifecycle }] },
  { id: 'privileged', level: 'baseline', versions: [{ since: 0, control: privileged }] },
  { id: 'windowsHostProcess', level: 'baseline', versions: [{ since: 0, control: windowsHostProcess }] },
];
