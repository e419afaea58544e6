import type { ContainerPort, Pod, Service, ServicePort } from '../../api/schema/generated/types.ts';

/** A port as EndpointSlices and Endpoints name it. */
export interface ResolvedPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly appProtocol: string | undefined;
}

/** One pod behind a Service, in one address family. */
export interface ServiceBackend {
  readonly pod: Pod;
  readonly ip: string;
  readonly ports: readonly ResolvedPort[];
  readonly hostname: string | undefined;
  /** The pod's Ready condition. */
  readonly serving: boolean;
  readonly terminating: boolean;
}

const isFamily = (ip: string, family: 'IPv4' | 'IPv6') => ip.includes(':') === (family === 'IPv6');

/** A number, or the container port of that name and protocol; undefined when the pod has none: then the pod is not behind this port. */
function resolve({ targetPort, port, protocol = 'TCP' }: ServicePort, pod: Pod): number | undefined {
  if (targetPort === undefined || targetPort === 0) return port;
  if (typeof targetPort === 'number') return targetPort;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  const matches = (p: ContainerPort) => p.name === targetPort && (p.protocol ?? 'TCP') === protocol;
  return containers.flatMap((c) => c.ports ?? []).find(matches)?.containerPort;
}

function portsFor(service: Service, pod: Pod): ResolvedPort[] {
  return (service.spec?.ports ?? []).flatMap((servicePort) => {
    const port = resolve(servicePort, pod);
    if (port === undefined) return [];
    return [{ name: servicePort.name ?? '', protocol: servicePort.protocol ?? 'TCP', port, appProtocol: servicePort.appProtocol }];
  });
}

export const isServing = (pod: Pod): boolean => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** The pods that belong behind a Service: those that have an address and have not ended. Sorted by name, so that plans are stable. */
export function backendsOf(service: Service, pods: readonly Pod[], family: 'IPv4' | 'IPv6'): ServiceBackend[] {
  const backends = pods.flatMap((pod): ServiceBackend[] => {
    const ip = (pod.status?.podIPs ?? []).map((p) => p.ip).find((address) => isFamily(address, family));
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    if (!ip || ended) return [];
    const named = pod.spec?.hostname && pod.spec.subdomain === service.metadata?.name;
    return [
      {
        pod,
        ip,
        ports: portsFor(service, pod),
        hostname: named ? pod.spec?.hostname : undefined,
        serving: isServing(pod),
        terminating: pod.metadata?.deletionTimestamp !== undefined,
      },
    ];
  });
  return backends.sort((a, b) => ((a.pod.metadata?.name ?? '') < (b.pod.metadata?.name ?? '') ? -1 : 1));
}

/** Does the Service choose its pods by labels? Others have endpoints that somebody else writes. */
export const hasSelector = (service: Service): boolean =>
  service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0;

export function selects(service: Service, labels: Readonly<Record<string, string>> | undefined): boolean {
  return hasSelector(service) && Object.entries(service.spec?.selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

/** Put on objects that are derived from a headless Service (Kubernetes: well-known labels). */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** The Service's labels as its endpoints carry them, plus what marks headless ones. */
export function derivedLabels(service: Service): Record<string, string> {
  const { [HEADLESS_LABEL]: _, ...labels } = service.metadata?.labels ?? {};
  return service.spec?.clusterIP === 'None' ? { ...labels, [HEADLESS_LABEL]: '' } : labels;
}
