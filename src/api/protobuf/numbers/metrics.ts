/** Protobuf field numbers of metrics.k8s.io/v1beta1 (notation: messages.ts). */
export const metricsNumbers = {
  ContainerMetrics: 'name=1 usage=2',
  NodeMetrics: 'metadata=1 timestamp=2 window:duration=3 usage=4',
  PodMetrics: 'metadata=1 timestamp=2 window:duration=3 containers=4',
};
