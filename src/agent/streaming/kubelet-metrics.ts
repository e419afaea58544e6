import { Gauge, Registry } from 'prom-client';
import type { PodDirectory } from './pod-directory.ts';

/** The kubelet's metrics under upstream's names, computed when they are asked for. */
export function kubeletMetrics({ directory, nodeName }: { directory: PodDirectory; nodeName: string }): () => Promise<string> {
  const registry = new Registry();
  const gauge = (name: string, help: string, labelNames: string[], collect: (this: Gauge) => void) =>
    new Gauge({ name, help, labelNames, registers: [registry], collect });
  const statuses = () => directory.pods().flatMap((pod) => pod.status?.containerStatuses ?? []);
  gauge('kubelet_node_name', 'The node that the metrics are of; always 1.', ['node'], function collect() {
    this.set({ node: nodeName }, 1);
  });
  gauge('kubelet_running_pods', 'Pods of the node that run.', [], function collect() {
    this.set(directory.pods().filter((pod) => pod.status?.phase === 'Running').length);
  });
  gauge('kubelet_running_containers', 'Containers by state.', ['container_state'], function collect() {
    this.reset();
    const states = { running: 0, exited: 0, waiting: 0 };
    for (const { state } of statuses()) states[state?.running ? 'running' : state?.terminated ? 'exited' : 'waiting'] += 1;
    for (const [name, count] of Object.entries(states)) this.set({ container_state: name }, count);
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', [], function collect() {
    this.set(process.memoryUsage.rss());
  });
  return () => registry.metrics();
}
