import type { Pod } from '../../api/schema/generated/types.ts';

/** Those that are a pod's own and disturb no other (Kubernetes: "Using sysctls in a Kubernetes Cluster", safe and unsafe sysctls). */
const SAFE = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

/** Which sign stands first separates the parts; the other one, if it is there, belongs to a name, as of an interface: `net/ipv4/conf/eth0.1/forwarding`. */
export function sysctlName(text: string): string {
  const first = /[./]/.exec(text)?.[0];
  return first === '/' ? text.replace(/[./]/g, (sign) => (sign === '/' ? '.' : '/')) : text;
}

/** Why the node does not let the pod in: a kernel parameter that is unsafe, or the host's where the pod shares that with it. */
export function forbiddenSysctl({ spec }: Pod): string | undefined {
  for (const { name: text } of spec?.securityContext?.sysctls ?? []) {
    const name = sysctlName(text);
    const shared = name.startsWith('net.') ? spec?.hostNetwork && 'net' : spec?.hostIPC && 'ipc';
    const why = SAFE.has(name) ? shared && `not allowed with host ${shared} enabled` : 'not allowlisted';
    if (why) return `forbidden sysctl: "${name}" ${why}`;
  }
  return undefined;
}
