import type { Pod } from '../../../api/schema/generated/types.ts';
import type { SandboxConfig } from '../../../runtime/runtime.ts';
import { sysctlName } from '../sysctl-plan.ts';
import { type DnsFacts, podDns } from './dns-plan.ts';
import { fullNameOf, hostnameOf } from './hosts-file-plan.ts';
import { podLabels } from './labels.ts';
import { sandboxSecurity } from './security.ts';

export interface SandboxFacts {
  readonly attempt: number;
  readonly logDirectory: string;
  readonly cgroupParent: string;
  readonly dns: DnsFacts;
  readonly seccompDir: string;
}

export function sandboxConfig(pod: Pod, facts: SandboxFacts): SandboxConfig {
  const { name = '', namespace = '', uid = '', labels = {}, annotations = {} } = pod.metadata ?? {};
  const full = pod.spec?.setHostnameAsFQDN ? fullNameOf(pod, facts.dns.clusterDomain) : undefined;
  const sysctls = pod.spec?.securityContext?.sysctls ?? [];
  return {
    metadata: { name, namespace, uid, attempt: facts.attempt },
    hostname: pod.spec?.hostNetwork ? '' : (full ?? hostnameOf(pod)),
    logDirectory: facts.logDirectory,
    dns: podDns(pod, facts.dns),
    portMappings: pod.spec?.hostNetwork ? [] : portMappings(pod),
    labels: { ...labels, ...podLabels(pod) },
    annotations: { ...annotations },
    linux: {
      cgroupParent: facts.cgroupParent,
      ...(sysctls.length > 0 && { sysctls: Object.fromEntries(sysctls.map((s) => [sysctlName(s.name), s.value])) }),
      securityContext: sandboxSecurity(pod, facts.seccompDir),
    },
  };
}

function portMappings(pod: Pod): SandboxConfig['portMappings'] {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')];
  return all
    .flatMap((c) => c.ports ?? [])
    .filter((p) => p.hostPort)
    .map((p) => ({
      protocol: (p.protocol ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP',
      containerPort: p.containerPort,
      hostPort: p.hostPort ?? 0,
      ...(p.hostIP && { hostIp: p.hostIP }),
    }));
}
