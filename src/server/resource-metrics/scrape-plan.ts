/** One measurement of a container or a node. CPU time is cumulative since `startedAtMs`, which is 0 when it is not known. */
export interface Point {
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** What one kubelet said at one time. */
export interface Scrape {
  readonly node: Point | undefined;
  /** By `namespace/name`, then by container. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

type Draft = { -readonly [key in keyof Point]?: Point[key] };

/** Series of the kubelet's /metrics/resource that are read here, and what they say. */
const SERIES: Readonly<Record<string, keyof Point>> = {
  node_cpu_usage_seconds_total: 'cpuSeconds',
  node_memory_working_set_bytes: 'memoryBytes',
  container_cpu_usage_seconds_total: 'cpuSeconds',
  container_memory_working_set_bytes: 'memoryBytes',
  container_start_time_seconds: 'startedAtMs',
};
const LINE = /^(\w+)(?:\{(.*)\})? (\S+)(?: (\d+))?$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the kubelet's /metrics/resource; series that are none of ours are passed over. What lacks CPU or memory is left out. `nowMs`: for series without a time
 * of their own.
 */
export function readScrape(text: string, nowMs: number): Scrape {
  const node: Draft = {};
  const pods = new Map<string, Map<string, Draft>>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = '', at] = LINE.exec(line) ?? [];
    const field = SERIES[name];
    const amount = Number(value);
    if (!field || !Number.isFinite(amount)) continue;
    const draft = name.startsWith('node_') ? node : containerIn(pods, labels);
    if (field === 'startedAtMs') draft.startedAtMs = amount * 1000;
    else {
      draft[field] = amount;
      // The times of CPU and memory differ by little; rates go by that of CPU.
      if (field === 'cpuSeconds' || draft.atMs === undefined) draft.atMs = at === undefined ? nowMs : Number(at);
    }
  }
  return {
    node: complete(node),
    pods: new Map(
      [...pods].map(([key, containers]) => {
        const entries = [...containers].map(([name, draft]) => [name, complete(draft)] as const);
        return [key, new Map(entries.filter((entry): entry is [string, Point] => entry[1] !== undefined))];
      }),
    ),
  };
}

function containerIn(pods: Map<string, Map<string, Draft>>, text: string): Draft {
  const labels = Object.fromEntries([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, value]));
  const key = `${labels.namespace}/${labels.pod}`;
  const containers = pods.get(key) ?? new Map<string, Draft>();
  pods.set(key, containers);
  const draft = containers.get(labels.container ?? '') ?? {};
  containers.set(labels.container ?? '', draft);
  return draft;
}

/** As metrics-server: without CPU and memory there is nothing to say. */
function complete({ atMs, startedAtMs = 0, cpuSeconds, memoryBytes }: Draft): Point | undefined {
  if (atMs === undefined || !cpuSeconds || !memoryBytes) return undefined;
  return { atMs, startedAtMs, cpuSeconds, memoryBytes };
}
