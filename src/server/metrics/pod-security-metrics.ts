import { Counter, type Registry } from 'prom-client';
import type { PodSecurityObserver } from '../admission/plugins/pod-security.ts';
import type { AdmissionRequest } from '../ports.ts';
import { Family, registerValues } from './metric-values.ts';

export interface PodSecurityMetrics extends PodSecurityObserver {
  register(registry: Registry): void;
}

/** Versions of the standards beyond the server's count as one. */
const newest = (gitVersion: string): number => Number(/^v1\.(\d+)/.exec(gitVersion)?.[1] ?? 0);
const RESOURCES: Readonly<Record<string, string>> = { pods: 'pod', namespaces: 'namespace' };
type Request = Pick<AdmissionRequest, 'operation' | 'request'>;

/** Kinds that make pods count as one. */
const resourceOf = ({ group, resource }: AdmissionRequest['request']): string => (group === '' && RESOURCES[resource]) || 'controller';

const about = ({ operation, request }: Request) => ({
  request_operation: operation.toLowerCase(),
  resource: resourceOf(request),
  subresource: request.subresource ?? '',
});

/** Upstream's metrics of Pod Security (pod-security-admission, metrics). They are made before the server that shows them. */
export function createPodSecurityMetrics(gitVersion: string): PodSecurityMetrics {
  const registers: Registry[] = [];
  const REQUEST = ['request_operation', 'resource', 'subresource'];
  /** Every pod that is created counts here. */
  const evaluations = new Family(() => ({ count: 0 }));
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
    evaluated({ operation, request }, { mode, at: { level, version }, allowed }) {
      const resource = resourceOf(request);
      const policy_version = version === 'latest' || level === 'privileged' ? 'latest' : version > last ? 'future' : `v1.${version}`;
      const key = `${mode} ${level} ${policy_version} ${allowed} ${operation} ${resource} ${request.subresource}`;
      const known =
        evaluations.find(key) ??
        evaluations.of(key, () => ({
          decision: allowed ? 'allow' : 'deny',
          policy_level: level,
          policy_version,
          mode,
          ...about({ operation, request }),
        }));
      known.count += 1;
    },
    exempted: (admission) => exemptions.inc(about(admission)),
    failed: (admission, fatal) => errors.inc({ fatal: String(fatal), ...about(admission) }),
    register(registry) {
      const help = 'Number of policy evaluations that occurred, not counting ignored or exempt requests.';
      registerValues(registry, { name: 'pod_security_evaluations_total', help, type: 'counter' }, () =>
        [...evaluations.all].map(({ labels, value }) => ({ labels, value: value.count })),
      );
      for (const metric of [exemptions, errors]) registry.registerMetric(metric);
    },
  };
}
