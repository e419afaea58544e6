import type { Pod } from '../../../api/schema/generated/types.ts';

const LOCAL = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** The longest hostname that Linux takes. */
const HOSTNAME_MAX = 63;

export function hostnameOf(pod: Pod): string {
  const name = pod.spec?.hostnameOverride ?? pod.spec?.hostname ?? pod.metadata?.name ?? '';
  return name.slice(0, HOSTNAME_MAX).replace(/[-.]+$/, '');
}

export function fullNameOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain } = pod.spec ?? {};
  return subdomain ? `${hostnameOf(pod)}.${subdomain}.${pod.metadata?.namespace}.svc.${clusterDomain}` : undefined;
}

/** /etc/hosts of a pod with a network of its own (Kubernetes, "Adding entries to Pod /etc/hosts with HostAliases"). */
export function hostsFile(pod: Pod, podIps: readonly string[], clusterDomain: string): string {
  const names = [fullNameOf(pod, clusterDomain), hostnameOf(pod)].filter(Boolean).join('\t');
  const lines = ['# Kubernetes-managed hosts file.', ...LOCAL, ...podIps.map((ip) => `${ip}\t${names}`)];
  return `${[...lines, ...aliases(pod)].join('\n')}\n`;
}

/** For host network pods: the node's own file and the aliases. */
export const hostNetworkHostsFile = (pod: Pod, nodeFile: string): string =>
  ['# Kubernetes-managed hosts file (host network).', nodeFile.replace(/\n$/, ''), ...aliases(pod), ''].join('\n');

function aliases(pod: Pod): string[] {
  const list = pod.spec?.hostAliases ?? [];
  if (list.length === 0) return [];
  return ['', '# Entries added by HostAliases.', ...list.map((a) => [a.ip, ...(a.hostnames ?? [])].join('\t'))];
}
