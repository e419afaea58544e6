/**
 * The container runtime port, in CRI's own words (CRI v1): sandboxes, containers, images, streams. Two implementations pass one suite
 * (conformance.ts): containerd/ over gRPC and fake-runtime.ts in memory. Times are milliseconds since the epoch; 0 means "not yet".
 */
export interface SandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  /** Absolute directory under which container log paths lie. */
  logDirectory: string;
  dns?: { servers: string[]; searches: string[]; options: string[] };
  portMappings: { protocol: 'TCP' | 'UDP' | 'SCTP'; containerPort: number; hostPort: number; hostIp?: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  linux: {
    cgroupParent: string;
    sysctls?: Record<string, string>;
    securityContext: SandboxSecurityContext;
  };
}

/** CRI's NamespaceMode. */
export type NamespaceMode = 'pod' | 'container' | 'node' | 'target';
export interface NamespaceOptions {
  network: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  /** Container id, with mode `target`. */
  targetId?: string;
}
export interface SeccompProfile {
  type: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhostRef?: string;
}
export interface SandboxSecurityContext {
  namespaces: NamespaceOptions;
  runAsUser?: number;
  runAsGroup?: number;
  readonlyRootfs?: boolean;
  supplementalGroups?: number[];
  privileged?: boolean;
  seccomp?: SeccompProfile;
}
export interface ContainerSecurityContext extends SandboxSecurityContext {
  runAsUsername?: string;
  addCapabilities?: string[];
  dropCapabilities?: string[];
  noNewPrivs?: boolean;
  maskedPaths?: string[];
  readonlyPaths?: string[];
}

export interface LinuxResources {
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuShares?: number;
  memoryLimitBytes?: number;
  oomScoreAdj?: number;
  /** cgroup v2 interface files: value. */
  unified?: Record<string, string>;
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
  propagation?: 'private' | 'hostToContainer' | 'bidirectional';
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  /** Image id or reference that the runtime has. */
  image: string;
  command: string[];
  args: string[];
  workingDir?: string;
  env: { key: string; value: string }[];
  mounts: Mount[];
  devices?: { containerPath: string; hostPath: string; permissions: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox' logDirectory. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  linux: { resources: LinuxResources; securityContext: ContainerSecurityContext };
}

export interface Sandbox {
  id: string;
  metadata: SandboxConfig['metadata'];
  state: 'ready' | 'notReady';
  createdAtMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
export interface SandboxStatus extends Sandbox {
  /** The pod's addresses, primary first; empty for host network. */
  ips: string[];
  namespaces: NamespaceOptions;
}

export interface Container {
  id: string;
  sandboxId: string;
  metadata: ContainerConfig['metadata'];
  image: string;
  imageRef: string;
  state: 'created' | 'running' | 'exited' | 'unknown';
  createdAtMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
export interface ContainerStatus extends Container {
  startedAtMs: number;
  finishedAtMs: number;
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, … */
  reason: string;
  message: string;
  mounts: Mount[];
  /** Absolute path of the log file. */
  logPath: string;
}

export interface Image {
  /** `sha256:…` */
  id: string;
  repoTags: string[];
  repoDigests: string[];
  sizeBytes: number;
  /** USER of the image: a uid, or a name. */
  uid?: number;
  username?: string;
  /** Never garbage-collected. */
  pinned: boolean;
}

export interface ContainerStats {
  id: string;
  labels: Record<string, string>;
  timestampMs: number;
  cpuUsageNanos: number;
  memoryWorkingSetBytes: number;
  memoryUsageBytes: number;
  writableLayerUsedBytes: number;
}

export type RuntimeEvent = {
  type: 'created' | 'started' | 'stopped' | 'deleted';
  /** Container id, or the sandbox' own id. */
  containerId: string;
  sandboxId: string;
  atMs: number;
};

export interface RuntimeStatus {
  runtimeReady: boolean;
  networkReady: boolean;
  /** Why not. */
  message: string;
}

export interface ExecResult {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

export interface CallOptions {
  signal: AbortSignal;
}

/** Every call rejects with RuntimeError. Calls are idempotent where CRI says so (stop, remove). */
export interface Runtime {
  version(options: CallOptions): Promise<{ name: string; version: string; apiVersion: string }>;
  status(options: CallOptions): Promise<RuntimeStatus>;
  setPodCidr(podCidr: string, options: CallOptions): Promise<void>;

  runPodSandbox(config: SandboxConfig, options: CallOptions): Promise<string>;
  stopPodSandbox(id: string, options: CallOptions): Promise<void>;
  removePodSandbox(id: string, options: CallOptions): Promise<void>;
  podSandboxStatus(id: string, options: CallOptions): Promise<SandboxStatus>;
  listPodSandboxes(options: CallOptions): Promise<Sandbox[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig, options: CallOptions): Promise<string>;
  startContainer(id: string, options: CallOptions): Promise<void>;
  stopContainer(id: string, timeoutSeconds: number, options: CallOptions): Promise<void>;
  removeContainer(id: string, options: CallOptions): Promise<void>;
  containerStatus(id: string, options: CallOptions): Promise<ContainerStatus>;
  listContainers(options: CallOptions): Promise<Container[]>;
  updateContainerResources(id: string, resources: LinuxResources, options: CallOptions): Promise<void>;
  reopenContainerLog(id: string, options: CallOptions): Promise<void>;
  containerStats(options: CallOptions): Promise<ContainerStats[]>;

  execSync(id: string, command: string[], timeoutSeconds: number, options: CallOptions): Promise<ExecResult>;
  /** URLs on the runtime's streaming server (SPDY/3.1), valid for one use and a short time. */
  exec(id: string, request: StreamRequest & { command: string[] }, options: CallOptions): Promise<string>;
  attach(id: string, request: StreamRequest, options: CallOptions): Promise<string>;
  portForward(sandboxId: string, ports: number[], options: CallOptions): Promise<string>;

  listImages(options: CallOptions): Promise<Image[]>;
  imageStatus(reference: string, options: CallOptions): Promise<Image | undefined>;
  pullImage(
    reference: string,
    auth: { username: string; password: string; serverAddress?: string } | undefined,
    options: CallOptions,
  ): Promise<string>;
  removeImage(reference: string, options: CallOptions): Promise<void>;
  imageFsUsedBytes(options: CallOptions): Promise<number>;

  /** Lifecycle events as they happen. Ends with an error when the runtime goes away; the caller relists and calls again. */
  events(options: CallOptions): AsyncIterable<RuntimeEvent>;
}

export interface StreamRequest {
  tty: boolean;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
}

export type RuntimeErrorReason =
  | 'NotFound'
  | 'AlreadyExists'
  | 'Unavailable'
  | 'DeadlineExceeded'
  | 'Aborted'
  | 'Unimplemented'
  | 'Unknown';

export class RuntimeError extends Error {
  readonly reason: RuntimeErrorReason;
  /** What the runtime itself said, without the words that gRPC puts before it. */
  readonly details: string;
  constructor(reason: RuntimeErrorReason, message: string, { details = message, ...options }: { cause?: unknown; details?: string } = {}) {
    super(message, options);
    this.name = 'RuntimeError';
    this.reason = reason;
    this.details = details;
  }
}
export const detailsOf = (e: unknown): string => (e instanceof RuntimeError ? e.details : e instanceof Error ? e.message : String(e));
export const isRuntimeNotFound = (e: unknown): boolean => e instanceof RuntimeError && e.reason === 'NotFound';
