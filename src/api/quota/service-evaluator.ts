import type { Amounts } from '../core/pod-resources.ts';
import type { Service } from '../schema/generated/types.ts';
import { ONE, type QuotaEvaluator } from './evaluator.ts';

const NAMES = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

const times = (count: number) => ({ nanos: BigInt(count) * ONE.nanos, format: ONE.format });

/** Ports on nodes that the Service has or will get: they may not be allocated yet. */
function nodePorts({ spec }: Service): number {
  const ports = spec?.ports ?? [];
  if (spec?.type === 'NodePort') return ports.length;
  if (spec?.type !== 'LoadBalancer') return 0;
  return spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
}

const usage = (service: Service): Amounts => ({
  'count/services': ONE,
  services: ONE,
  'services.nodeports': times(nodePorts(service)),
  'services.loadbalancers': times(service.spec?.type === 'LoadBalancer' ? 1 : 0),
});

export const serviceEvaluator: QuotaEvaluator<Service> = {
  resource: 'services',
  counts: (name) => NAMES.includes(name),
  handles: () => true,
  usage,
  matchesScope: () => false,
};
