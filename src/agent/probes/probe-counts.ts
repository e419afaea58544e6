import type { Pod } from '../../api/schema/generated/types.ts';
import { exposition, type Point } from '../stats/exposition-plan.ts';
import type { ProbeKind } from './probe-machine.ts';
import type { ProbeAnswer } from './probe-target.ts';

const TYPES: Readonly<Record<ProbeKind, string>> = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' };
const RESULTS: Readonly<Record<ProbeAnswer['outcome'], string>> = {
  success: 'successful',
  warning: 'successful',
  failure: 'failed',
  unknown: 'unknown',
};

/** How the probes of the node's containers went, for the kubelet's /metrics/probes. */
export class ProbeCounts {
  /** By pod. */
  readonly #counts = new Map<string, Map<string, { readonly labels: Point['labels']; value: number }>>();

  add({ metadata }: Pod, container: string, kind: ProbeKind, outcome: ProbeAnswer['outcome']): void {
    const { uid = '', name: pod = '', namespace = '' } = metadata ?? {};
    const labels = { container, namespace, pod, pod_uid: uid, probe_type: TYPES[kind], result: RESULTS[outcome] };
    const ofPod = this.#counts.get(uid) ?? new Map();
    this.#counts.set(uid, ofPod);
    const key = `${container}/${labels.probe_type}/${labels.result}`;
    const count = ofPod.get(key) ?? { labels, value: 0 };
    count.value += 1;
    ofPod.set(key, count);
  }

  /** Those of pods that are gone are forgotten. */
  page(pods: readonly Pod[]): string {
    const live = new Set(pods.map(({ metadata }) => metadata?.uid));
    for (const uid of this.#counts.keys()) if (!live.has(uid)) this.#counts.delete(uid);
    const points = [...this.#counts.values()].flatMap((counts) => [...counts.values()]);
    return exposition([{ name: 'prober_probe_total', help: 'Probes of containers, by how they went.', type: 'counter', points }]);
  }
}
