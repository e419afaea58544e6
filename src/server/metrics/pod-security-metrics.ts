import { Counter, type Registry } from 'prom-client';
import type { PodSecurityObserver } from '../admission/plugins/pod-security.ts';
import type { AdmissionRequest } from '../ports.ts';

export interface PodSecurityMetrics extends PodSecurityObserver {
  register(registry: Registry): void;
}

/** Versions of the standards beyond the server's count as one. */
const newest = (gitVersion: string): number => Number(/^v1\.(\d+)/.exec(gitVersion)?.[1] ?? 0);
const RESOURCES: Readonly<Record<string, string>> = { pods: 'pod', namespaces: 'namespace' };

const about = ({ operation, request }: AdmissionRequest) => ({
  request_operation: operation.toLowerCase(),
  resource: (request.group === '' && RESOURCES[request.resource]) || 'controller',
  subresource: request.subresource ?? '',
});

/** Upstream's metrics of Pod Security (pod-security-admission, metrics). They are made before the server that shows them. */
export function createPodSecurityMetrics(gitVersion: string): PodSecurityMetrics {
  const registers: Registry[] = [];
  const REQUEST = ['request_operation', 'resource', 'subresource'];
  const evaluations = new Counter({
    name: 'pod_security_evaluations_total',
    help: 'Number of policy evaluations that occurred, not counting ignored or exempt requests.',
    labelNames: ['decision', 'policy_level', 'policy_version', 'mode', ...REQUEST],
    registers,
  });
  const exemptions = new Counter({
    name: 'pod_security_exemptions_total',
    help: 'Number of exempt requests, not counting ignored or out of scope requests.',
    labelNames: REQUEST,
    registers,
  });
  const errors = new Counter({
    name: 'pod_security_errors_total',
    help: 'Number of errors preventing normal evaluation. Non-fatal errors may result in the latest restricted profile being used for evaluation.',
    labelNames: ['fatal', ...REQUEST],
    registers,
  });
  const last = newest(gitVersion);
  return {
    evaluated(admission, { mode, at: { level, version }, allowed }) {
      const policy_version = version === 'latest' || level === 'privileged' ? 'latest' : version > last ? 'future' : `v1.${version}`;
      evaluations.inc({ decision: allowed ? 'allow' : 'deny', policy_level: level, policy_version, mode, ...about(admission) });
    },
    exempted: (admission) => exemptions.inc(about(admission)),
    failed: (admission, fatal) => errors.inc({ fatal: String(fatal), ...about(admission) }),
    register(registry) {
      for (const metric of [evaluations, exemptions, errors]) registry.registerMetric(metric);
    },
  };
}
