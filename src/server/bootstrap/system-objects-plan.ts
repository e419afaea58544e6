import { checkNonSpecialIp } from '../../api/meta/addresses.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { EndpointSlice, Endpoints, Namespace, PriorityClass, Service, ServiceCIDR } from '../../api/schema/generated/types.ts';

/** How clients inside the cluster reach the API server. */
export interface ServerAddress {
  /** First address of the service range: the `kubernetes` service. */
  readonly serviceIp: string;
  readonly servicePort: number;
  /** Where that leads: --advertise-address and the secure port. */
  readonly advertiseAddress: string;
  readonly advertisePort: number;
}

export const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

export const namespaceObjects = (): Namespace[] =>
  NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } }));

const priorityClass = (name: string, value: number, what: string): PriorityClass => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  globalDefault: false,
  preemptionPolicy: 'PreemptLowerPriority',
  description: `Used for system critical pods that must ${what}`,
});

export const priorityClasses = (): PriorityClass[] => [
  priorityClass('system-cluster-critical', 2_000_000_000, 'run in the cluster, but can be moved to another node if necessary.'),
  priorityClass('system-node-critical', 2_000_001_000, 'not be moved from their current node.'),
];

const SERVICE = { name: 'kubernetes', namespace: 'default' };

/** The Service `default/kubernetes`. It has no selector: `serverEndpoints` says where it leads. */
export const serverService = ({ serviceIp, servicePort, advertisePort }: ServerAddress): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { ...SERVICE, labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: serviceIp,
    clusterIPs: [serviceIp],
    ipFamilies: [serviceIp.includes(':') ? 'IPv6' : 'IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: 'https', protocol: 'TCP', port: servicePort, targetPort: advertisePort }],
  },
});

/** Where Services get their addresses from, before anybody adds ranges of his own. */
export const defaultServiceCidr = (cidrs: readonly string[]): ServiceCIDR => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: 'kubernetes' },
  spec: { cidrs: [...cidrs] },
});

/** A server on loopback (minik dev) has no address that pods could use, and the API takes none such: then the lists are empty. */
export function serverEndpoints({ advertiseAddress, advertisePort }: ServerAddress): [Endpoints, EndpointSlice] {
  const reachable = checkNonSpecialIp('ip', advertiseAddress).length === 0;
  const port = { name: 'https', port: advertisePort, protocol: 'TCP' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...SERVICE, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
      ...(reachable && { subsets: [{ addresses: [{ ip: advertiseAddress }], ports: [port] }] }),
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...SERVICE, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      addressType: advertiseAddress.includes(':') ? 'IPv6' : 'IPv4',
      endpoints: reachable ? [{ addresses: [advertiseAddress], conditions: { ready: true } }] : [],
      ports: [port],
    },
  ];
}

/** What any client may read to verify the cluster: kube-public/cluster-info is kubeadm's; extension servers need this one. */
export const extensionAuthentication = (options: { caPem: string; frontProxyCaPem: string }): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': options.caPem,
      'requestheader-client-ca-file': options.frontProxyCaPem,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-username-headers': '["X-Remote-User"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
    },
  }) as KubeObject;

/** The cluster DNS Service: its address is each node's own, so it has neither selector nor endpoints. */
export const dnsService = (clusterIp: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
  },
  spec: {
    type: 'ClusterIP',
    clusterIP: clusterIp,
    clusterIPs: [clusterIp],
    ipFamilies: [clusterIp.includes(':') ? 'IPv6' : 'IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
    ],
  },
});
