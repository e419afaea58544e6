import type {
  Container,
  ContainerConfig,
  ContainerSecurityContext,
  ContainerStats,
  ContainerStatus,
  Image,
  LinuxResources,
  Mount,
  NamespaceMode,
  NamespaceOptions,
  Sandbox,
  SandboxConfig,
  SandboxSecurityContext,
  SandboxStatus,
  SeccompProfile,
} from '../runtime.ts';

/** CRI's messages as proto-loader gives them, and the port's words for them. Numbers of nanoseconds become milliseconds. */
type Value = { value: number } | null;
interface WireNamespaces {
  network: string;
  pid: string;
  ipc: string;
  targetId: string;
}
export interface WireSandbox {
  id: string;
  metadata: SandboxConfig['metadata'];
  state: string;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
export interface WireSandboxStatus extends WireSandbox {
  network: { ip: string; additionalIps: { ip: string }[] } | null;
  linux: { namespaces: { options: WireNamespaces | null } | null } | null;
}
export interface WireContainer {
  id: string;
  podSandboxId: string;
  metadata: ContainerConfig['metadata'];
  image: { image: string } | null;
  imageRef: string;
  state: string;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
export interface WireContainerStatus extends Omit<WireContainer, 'podSandboxId'> {
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
  message: string;
  mounts: { containerPath: string; hostPath: string; readonly: boolean; propagation: string }[];
  logPath: string;
}
export interface WireStats {
  attributes: { id: string; labels: Record<string, string> };
  cpu: { timestamp: number; usageCoreNanoSeconds: Value } | null;
  memory: { timestamp: number; workingSetBytes: Value; usageBytes: Value } | null;
  writableLayer: { usedBytes: Value } | null;
}
export interface WireImage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  uid: Value;
  username: string;
  pinned: boolean;
}

export const msOfNanos = (nanos: number): number => Math.floor(nanos / 1e6);
const wrap = (value: number | undefined) => (value === undefined ? undefined : { value });

const MODES = { pod: 'POD', container: 'CONTAINER', node: 'NODE', target: 'TARGET' } as const satisfies Record<NamespaceMode, string>;
const modeOf = (wire: string): NamespaceMode => wire.toLowerCase() as NamespaceMode;

const PROPAGATION = {
  private: 'PROPAGATION_PRIVATE',
  hostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const satisfies Record<NonNullable<Mount['propagation']>, string>;

/** What `procMount: Default` hides and protects. CRI masks nothing by itself. */
const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function toNamespaces({ network, pid, ipc, targetId }: NamespaceOptions) {
  return { network: MODES[network], pid: MODES[pid], ipc: MODES[ipc], targetId };
}

function toSeccomp(profile: SeccompProfile | undefined) {
  return profile && { profileType: profile.type, localhostRef: profile.localhostRef };
}

function toCommonSecurity(context: SandboxSecurityContext) {
  return {
    namespaceOptions: toNamespaces(context.namespaces),
    runAsUser: wrap(context.runAsUser),
    runAsGroup: wrap(context.runAsGroup),
    readonlyRootfs: context.readonlyRootfs,
    supplementalGroups: context.supplementalGroups,
    privileged: context.privileged,
    seccomp: toSeccomp(context.seccomp),
  };
}

function toContainerSecurity(context: ContainerSecurityContext) {
  return {
    ...toCommonSecurity(context),
    capabilities: { addCapabilities: context.addCapabilities, dropCapabilities: context.dropCapabilities },
    runAsUsername: context.runAsUsername,
    noNewPrivs: context.noNewPrivs,
    maskedPaths: context.maskedPaths ?? (context.privileged ? [] : MASKED_PATHS),
    readonlyPaths: context.readonlyPaths ?? (context.privileged ? [] : READONLY_PATHS),
  };
}

export function toResources(resources: LinuxResources) {
  const { memoryLimitBytes, ...rest } = resources;
  return { ...rest, memoryLimitInBytes: memoryLimitBytes };
}

export function toSandboxConfig(config: SandboxConfig) {
  const { dns, linux, hostname, ...rest } = config;
  return {
    ...rest,
    // A pod on the host's network has the host's name: runtimes refuse to set another one.
    hostname: linux.securityContext.namespaces.network === 'node' ? '' : hostname,
    dnsConfig: dns,
    linux: { cgroupParent: linux.cgroupParent, sysctls: linux.sysctls, securityContext: toCommonSecurity(linux.securityContext) },
  };
}

export function toContainerConfig(config: ContainerConfig) {
  const { image, env, mounts, linux, ...rest } = config;
  return {
    ...rest,
    image: { image },
    envs: env,
    mounts: mounts.map((mount) => ({ ...mount, propagation: PROPAGATION[mount.propagation ?? 'private'] })),
    linux: { resources: toResources(linux.resources), securityContext: toContainerSecurity(linux.securityContext) },
  };
}

export function fromSandbox({ id, metadata, state, createdAt, labels, annotations }: WireSandbox): Sandbox {
  const ready = state === 'SANDBOX_READY';
  return { id, metadata, state: ready ? 'ready' : 'notReady', createdAtMs: msOfNanos(createdAt), labels, annotations };
}

export function fromSandboxStatus(wire: WireSandboxStatus): SandboxStatus {
  const options = wire.linux?.namespaces?.options;
  const ips = wire.network ? [wire.network.ip, ...wire.network.additionalIps.map((more) => more.ip)].filter(Boolean) : [];
  const namespaces: NamespaceOptions = options
    ? { network: modeOf(options.network), pid: modeOf(options.pid), ipc: modeOf(options.ipc) }
    : { network: 'pod', pid: 'pod', ipc: 'pod' };
  if (options?.targetId) namespaces.targetId = options.targetId;
  return { ...fromSandbox(wire), ips, namespaces };
}

const CONTAINER_STATES: Record<string, Container['state']> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

export function fromContainer(wire: WireContainer): Container {
  return {
    id: wire.id,
    sandboxId: wire.podSandboxId,
    metadata: wire.metadata,
    image: wire.image?.image ?? '',
    imageRef: wire.imageRef,
    state: CONTAINER_STATES[wire.state] ?? 'unknown',
    createdAtMs: msOfNanos(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

/** `sandboxId`: CRI's status does not tell it. */
export function fromContainerStatus(wire: WireContainerStatus, sandboxId: string): ContainerStatus {
  return {
    ...fromContainer({ ...wire, podSandboxId: sandboxId }),
    startedAtMs: msOfNanos(wire.startedAt),
    finishedAtMs: msOfNanos(wire.finishedAt),
    exitCode: wire.exitCode,
    reason: wire.reason,
    message: wire.message,
    mounts: wire.mounts.map(fromMount),
    logPath: wire.logPath,
  };
}

function fromMount({ containerPath, hostPath, readonly, propagation }: WireContainerStatus['mounts'][number]): Mount {
  const mode = (Object.keys(PROPAGATION) as (keyof typeof PROPAGATION)[]).find((key) => PROPAGATION[key] === propagation);
  return { containerPath, hostPath, readonly, propagation: mode ?? 'private' };
}

export function fromStats(wire: WireStats): ContainerStats {
  return {
    id: wire.attributes.id,
    labels: wire.attributes.labels,
    timestampMs: msOfNanos(wire.cpu?.timestamp || wire.memory?.timestamp || 0),
    cpuUsageNanos: wire.cpu?.usageCoreNanoSeconds?.value ?? 0,
    memoryWorkingSetBytes: wire.memory?.workingSetBytes?.value ?? 0,
    memoryUsageBytes: wire.memory?.usageBytes?.value ?? wire.memory?.workingSetBytes?.value ?? 0,
    writableLayerUsedBytes: wire.writableLayer?.usedBytes?.value ?? 0,
  };
}

export function fromImage({ id, repoTags, repoDigests, size, uid, username, pinned }: WireImage): Image {
  return { id, repoTags, repoDigests, sizeBytes: size, pinned, ...(uid ? { uid: uid.value } : {}), ...(username ? { username } : {}) };
}
