import { X509Certificate } from 'node:crypto';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../../base/clock.ts';
import type { HttpsTransport } from '../../client/https-transport.ts';
import type { OperationObserver } from '../../runtime/metered-runtime.ts';
import type { VolumePlugins } from '../pods/disk-storage.ts';
import type { NodeObserver } from '../pods/ports.ts';
import type { ProxyObserver } from '../proxy/proxy.ts';
import type { VolumeObserver } from '../volumes/volumes.ts';
import { registerClient } from './client-metrics.ts';
import type { PodDirectory } from './pod-directory.ts';
import { registerProxy } from './proxy-metrics.ts';
import { registerVolumes, volumeObserver } from './volume-metrics.ts';

export interface KubeletMetrics extends NodeObserver, VolumeObserver {
  readonly runtimeOperation: OperationObserver;
  /** Has the numbers of volumes on the page as well. */
  volumes(plugins: () => VolumePlugins): void;
  /** Counts the requests to an API server elsewhere: `listen` is told whom to tell of them. */
  requests(listen: HttpsTransport['onRequest']): void;
  /** Has the service proxy's metrics on the page as well. */
  proxy(): ProxyObserver;
  /** Shows a certificate from now on. */
  certificate(purpose: 'client' | 'serving', certificate: ShownCertificate): void;
  /** /metrics: what is there is looked at when somebody asks. */
  page(directory: PodDirectory): Promise<string>;
  /** /metrics/slis. */
  slis(): Promise<string>;
}

export interface KubeletMetricsOptions {
  readonly nodeName: string;
  /** Kubernetes' gitVersion. */
  readonly version: string;
  readonly clock: Clock;
}

/** What agent/join/node-certificate.ts tells of one of the node's certificates. */
export interface ShownCertificate {
  current(): { readonly cert: string } | undefined;
  failures(): number;
}

/** Upstream's buckets. */
const OPERATION_SECONDS = Array.from({ length: 14 }, (_, i) => 0.005 * 2.5 ** i);
const DEFAULT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const START_SECONDS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];

/** The kubelet's metrics under upstream's names. */
export function createKubeletMetrics(options: KubeletMetricsOptions): KubeletMetrics {
  const registry = new Registry();
  const directory: { current?: PodDirectory } = {};
  registerNode(registry, options);
  registerPods(registry, () => directory.current);
  return {
    ...podObserver(registry, options.clock),
    ...volumeObserver(registry),
    volumes: (plugins) => registerVolumes(registry, plugins),
    runtimeOperation: operationObserver(registry),
    requests: (listen) => listen(registerClient(registry)),
    proxy: () => registerProxy(registry, options.clock),
    certificate: (purpose, certificate) => registerCertificate(registry, { purpose, certificate, clock: options.clock }),
    page(now) {
      directory.current = now;
      return registry.metrics();
    },
    slis: slisPage(),
  };
}

type Collect = (this: Gauge) => void;
const gauge = (registers: Registry[], name: string, help: string, labelNames: string[], collect: Collect) =>
  new Gauge({ name, help, labelNames, registers, collect });

function registerNode(registry: Registry, { nodeName, version }: KubeletMetricsOptions): void {
  const registers = [registry];
  gauge(registers, 'kubelet_node_name', "The node's name. The count is always 1.", ['node'], function collect() {
    this.set({ node: nodeName }, 1);
  });
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const build = { major, minor, git_version: version, platform: `${process.platform}/${process.arch}` };
  gauge(registers, 'kubernetes_build_info', 'The version; always 1.', Object.keys(build), function collect() {
    this.set(build, 1);
  });
  gauge(registers, 'process_resident_memory_bytes', 'Resident memory of the process.', [], function collect() {
    this.set(process.memoryUsage.rss());
  });
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, of user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  registerStartTime(registers);
}

const registerStartTime = (registers: Registry[]) =>
  gauge(registers, 'process_start_time_seconds', 'Start of the process, since the epoch.', [], function collect() {
    this.set(performance.timeOrigin / 1000);
  });

function registerPods(registry: Registry, directory: () => PodDirectory | undefined): void {
  const registers = [registry];
  const pods = () => directory()?.pods() ?? [];
  gauge(registers, 'kubelet_running_pods', 'Pods of the node that run.', [], function collect() {
    this.set(pods().filter((pod) => pod.status?.phase === 'Running').length);
  });
  gauge(registers, 'kubelet_running_containers', 'Containers by state.', ['container_state'], function collect() {
    const states = { running: 0, exited: 0, waiting: 0 };
    for (const { state } of pods().flatMap((pod) => pod.status?.containerStatuses ?? []))
      states[state?.running ? 'running' : state?.terminated ? 'exited' : 'waiting'] += 1;
    for (const [name, count] of Object.entries(states)) this.set({ container_state: name }, count);
  });
}

function podObserver(registry: Registry, clock: Clock): NodeObserver {
  const registers = [registry];
  const started = new Histogram({
    name: 'kubelet_pod_start_duration_seconds',
    help: 'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
    buckets: START_SECONDS,
    registers,
  });
  const startup = startupMetrics(registry);
  const relist = { help: 'Duration in seconds for relisting pods in PLEG.', registers };
  const durations = new Histogram({ name: 'kubelet_pleg_relist_duration_seconds', ...relist });
  const intervals = new Histogram({
    ...relist,
    name: 'kubelet_pleg_relist_interval_seconds',
    help: 'Interval in seconds between relisting in PLEG.',
  });
  const lastSeen = new Gauge({
    name: 'kubelet_pleg_last_seen_seconds',
    help: 'Timestamp in seconds when PLEG was last seen active.',
    registers,
  });
  let lastMs: number | undefined;
  return {
    podStarted: (seconds) => started.observe(seconds),
    ...startup,
    relisted(seconds) {
      const nowMs = clock.monotonic();
      if (lastMs !== undefined) intervals.observe((nowMs - lastMs) / 1000);
      lastMs = nowMs;
      durations.observe(seconds);
      lastSeen.set(clock.now() / 1000);
    },
  };
}

function startupMetrics(registry: Registry): Pick<NodeObserver, 'startupSeen' | 'workerStarted'> {
  const registers = [registry];
  const created = 'measured from pod creation timestamp to when all its containers are reported as started and observed via watch';
  const durations = (name: string, help: string, buckets: number[]) => new Histogram({ name, help, buckets, registers });
  const total = durations(
    'kubelet_pod_start_total_duration_seconds',
    `Duration in seconds to start a pod since creation, including time to pull images and run init containers, ${created}`,
    START_SECONDS,
  );
  const sli = durations(
    'kubelet_pod_start_sli_duration_seconds',
    `Duration in seconds to start a pod, excluding time to pull images and run init containers, ${created}`,
    START_SECONDS,
  );
  const workers = durations(
    'kubelet_pod_worker_start_duration_seconds',
    'Duration in seconds from kubelet seeing a pod to starting a worker.',
    DEFAULT_SECONDS,
  );
  return {
    startupSeen(seconds) {
      total.observe(seconds.total);
      if (seconds.sli !== undefined) sli.observe(seconds.sli);
    },
    workerStarted: (seconds) => workers.observe(seconds),
  };
}

function operationObserver(registry: Registry): OperationObserver {
  const common = { labelNames: ['operation_type'], registers: [registry] };
  const all = new Counter({
    ...common,
    name: 'kubelet_runtime_operations_total',
    help: 'Cumulative number of runtime operations by operation type.',
  });
  const errors = new Counter({
    ...common,
    name: 'kubelet_runtime_operations_errors_total',
    help: 'Cumulative number of runtime operation errors by operation type.',
  });
  const durations = new Histogram({
    ...common,
    name: 'kubelet_runtime_operations_duration_seconds',
    help: 'Duration in seconds of runtime operations. Broken down by operation type.',
    buckets: OPERATION_SECONDS,
  });
  return (operation_type, seconds, failed) => {
    all.inc({ operation_type });
    durations.observe({ operation_type }, seconds);
    if (failed) errors.inc({ operation_type });
  };
}

const CERTIFICATES = {
  client: {
    life: 'kubelet_certificate_manager_client_ttl_seconds',
    failures: 'kubelet_certificate_manager_client_expiration_renew_errors',
  },
  serving: { life: 'kubelet_certificate_manager_server_ttl_seconds', failures: 'kubelet_server_expiration_renew_errors' },
} as const;

interface CertificateRegistration {
  readonly purpose: keyof typeof CERTIFICATES;
  readonly certificate: ShownCertificate;
  readonly clock: Clock;
}

function registerCertificate(registry: Registry, { purpose, certificate, clock }: CertificateRegistration): void {
  const registers = [registry];
  const names = CERTIFICATES[purpose];
  gauge(registers, names.life, `Seconds until the ${purpose} certificate expires; +Inf while there is none.`, [], function collect() {
    const pem = certificate.current()?.cert;
    this.set(pem ? Math.trunc((new X509Certificate(pem).validToDate.getTime() - clock.now()) / 1000) : Number.POSITIVE_INFINITY);
  });
  new Counter({
    name: names.failures,
    help: 'Counter of certificate renewal errors.',
    registers,
    collect() {
      this.reset();
      this.inc(certificate.failures());
    },
  });
}

/** The kubelet's own health check is that it answers. */
function slisPage(): () => Promise<string> {
  const registry = new Registry();
  gauge(
    [registry],
    'kubernetes_healthcheck',
    'This metric records the result of a single healthcheck.',
    ['name', 'type'],
    function collect() {
      this.set({ name: 'ping', type: 'healthz' }, 1);
    },
  );
  registerStartTime([registry]);
  return () => registry.metrics();
}
