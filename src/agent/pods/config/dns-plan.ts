import type { Pod } from '../../../api/schema/generated/types.ts';

export interface DnsConfig {
  servers: string[];
  searches: string[];
  options: string[];
}
export interface DnsFacts {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  /** The node's own resolv.conf. */
  readonly node: DnsConfig;
}

/** What glibc takes; more is cut off, as the kubelet does. */
const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;

export function parseResolvConf(text: string): DnsConfig {
  const config: DnsConfig = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) config.servers.push(rest[0]);
    else if (word === 'search') config.searches = rest.map((s) => (s === '.' ? s : s.replace(/\.$/, '')));
    else if (word === 'options') config.options = rest;
  }
  return config;
}

/** resolv.conf of a pod by its dnsPolicy and dnsConfig (Kubernetes, "DNS for Services and Pods"). */
export function podDns(pod: Pod, facts: DnsFacts): DnsConfig {
  const { spec } = pod;
  const base = basis(pod, facts);
  const extra = spec?.dnsConfig;
  const options = new Map(base.options.map((o) => [o.split(':')[0] ?? o, o]));
  for (const { name, value } of extra?.options ?? []) if (name) options.set(name, value ? `${name}:${value}` : name);
  return {
    servers: [...new Set([...base.servers, ...(extra?.nameservers ?? [])])].slice(0, MAX_SERVERS),
    searches: [...new Set([...base.searches, ...(extra?.searches ?? [])])].slice(0, MAX_SEARCHES),
    options: [...options.values()],
  };
}

function basis(pod: Pod, { clusterDns, clusterDomain, node }: DnsFacts): DnsConfig {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec?.hostNetwork);
  if (!cluster || clusterDns.length === 0) return node;
  const own = [`${pod.metadata?.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  return { servers: [...clusterDns], searches: [...own, ...node.searches], options: ['ndots:5'] };
}
