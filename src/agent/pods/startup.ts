import type { Pod } from '../../api/schema/generated/types.ts';

/** On the monotonic clock. */
export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** How long after its creation a pod was seen to run. */
export interface StartupSeconds {
  readonly total: number;
  /** Without what images and init containers took; of pods without volumes of their own alone. */
  readonly sli: number | undefined;
}

/**
 * Measures the start of a pod that is new to the node (Kubernetes: "Pod startup latency SLI"; kubernetes, pkg/kubelet/util/pod_startup_latency_tracker.go).
 */
export class Startup {
  readonly #pulls: Span[] = [];
  #initMs = 0;
  #isOver = false;

  pulled(span: Span): void {
    this.#pulls.push(span);
  }

  initRan(durationMs: number): void {
    this.#initMs += Math.max(0, durationMs);
  }

  /** Of the pod as the API has it now. Answers once: when all of its containers run. */
  observe({ metadata, spec, status }: Pod, nowMs: number): StartupSeconds | undefined {
    if (this.#isOver) return undefined;
    const { phase, containerStatuses = [] } = status ?? {};
    this.#isOver = phase === 'Failed' || phase === 'Succeeded';
    if (this.#isOver || containerStatuses.length === 0 || containerStatuses.some(({ state }) => !state?.running?.startedAt))
      return undefined;
    this.#isOver = true;
    const totalMs = nowMs - Date.parse(metadata?.creationTimestamp ?? '');
    if (Number.isNaN(totalMs)) return undefined;
    const own = (totalMs - coveredMs(this.#pulls) - this.#initMs) / 1000;
    return { total: totalMs / 1000, sli: isStateful(spec?.volumes) ? undefined : own };
  }
}

/** Pulls at the same time count once. */
function coveredMs(spans: readonly Span[]): number {
  let [covered, untilMs] = [0, Number.NEGATIVE_INFINITY];
  for (const { startMs, endMs } of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    covered += Math.max(0, endMs - Math.max(startMs, untilMs));
    untilMs = Math.max(untilMs, endMs);
  }
  return covered;
}

const isStateful = (volumes: NonNullable<Pod['spec']>['volumes'] = []): boolean =>
  volumes.some(({ secret, configMap, downwardAPI, emptyDir, projected }) => !(secret ?? configMap ?? downwardAPI ?? emptyDir ?? projected));
