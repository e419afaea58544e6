import { isQuantity, parseQuantity } from '../base/quantity.ts';
import type { Container, ContainerConfig, ContainerStats, Image, Sandbox, SandboxConfig } from './runtime.ts';

/** What a container's process does by itself: runs until stopped, or exits. */
export type FakeOutcome = { does: 'run' } | { does: 'exit'; exitCode: number; afterMs: number };

/** On a container or its pod: the container exits with this code (a number) by itself. */
export const FAKE_EXIT_CODE = 'fake.minik.dev/exit-code';
/** On a container or its pod: milliseconds until it exits with FAKE_EXIT_CODE; 0 when absent. */
export const FAKE_EXIT_AFTER_MS = 'fake.minik.dev/exit-after-ms';

/** On a container or its pod: the CPU that it uses, a quantity (`250m`). */
export const FAKE_CPU_USAGE = 'fake.minik.dev/cpu-usage';
/** On a container or its pod: the memory that it uses, a quantity (`64Mi`). */
export const FAKE_MEMORY_USAGE = 'fake.minik.dev/memory-usage';

/** What a container's process uses now. */
export interface FakeUsage {
  readonly cpuNanosPerSecond: number;
  readonly memoryBytes: number;
}

const IDLE: FakeUsage = { cpuNanosPerSecond: 1_000_000, memoryBytes: 1 << 20 };

export interface FakeSandbox {
  id: string;
  config: SandboxConfig;
  state: Sandbox['state'];
  createdAtMs: number;
  ip: string | undefined;
  containers: Set<FakeContainer>;
}
export interface FakeContainer {
  id: string;
  sandbox: FakeSandbox;
  config: ContainerConfig;
  state: Container['state'];
  createdAtMs: number;
  startedAtMs: number;
  finishedAtMs: number;
  exitCode: number;
  reason: string;
  timer: Disposable | undefined;
  /** CPU time used until `atMs`. */
  cpu: { readonly usedNanos: number; readonly atMs: number };
}

export const FAKE_IMAGE_BYTES = 1 << 20;

export function outcomeByAnnotation(container: ContainerConfig, sandbox: SandboxConfig): FakeOutcome {
  const read = (name: string) => container.annotations[name] ?? sandbox.annotations[name];
  const exitCode = read(FAKE_EXIT_CODE);
  if (exitCode === undefined) return { does: 'run' };
  return { does: 'exit', exitCode: Number(exitCode), afterMs: Number(read(FAKE_EXIT_AFTER_MS) ?? 0) };
}

/** By the two annotations, given as `read`; a little of both without them. Quantities that are none count as absent. */
export function usageByAnnotation(read: (annotation: string) => string | undefined): FakeUsage {
  const amount = (name: string): number | undefined => {
    const text = read(name);
    return text === undefined || !isQuantity(text) ? undefined : Number(parseQuantity(text).nanos);
  };
  const memory = amount(FAKE_MEMORY_USAGE);
  return {
    cpuNanosPerSecond: amount(FAKE_CPU_USAGE) ?? IDLE.cpuNanosPerSecond,
    memoryBytes: memory === undefined ? IDLE.memoryBytes : memory / 1e9,
  };
}

/** Measures a container: CPU time goes on at today's pace from where it was when it was last measured. */
export function measure(container: FakeContainer, { cpuNanosPerSecond, memoryBytes }: FakeUsage, nowMs: number): ContainerStats {
  const { usedNanos, atMs } = container.cpu;
  container.cpu = { usedNanos: usedNanos + Math.round(((nowMs - atMs) * cpuNanosPerSecond) / 1000), atMs: nowMs };
  return {
    id: container.id,
    labels: container.config.labels,
    timestampMs: nowMs,
    cpuUsageNanos: container.cpu.usedNanos,
    memoryWorkingSetBytes: memoryBytes,
    memoryUsageBytes: memoryBytes,
    writableLayerUsedBytes: 0,
  };
}

export function identityOf({ metadata: { namespace, name, uid, attempt } }: SandboxConfig): string {
  return `${namespace}/${name}/${uid}/${attempt}`;
}

export function sandboxView({ id, config, state, createdAtMs }: FakeSandbox): Sandbox {
  return { id, metadata: config.metadata, state, createdAtMs, labels: config.labels, annotations: config.annotations };
}

export function containerView({ id, sandbox, config, state, createdAtMs }: FakeContainer): Container {
  const { metadata, image, labels, annotations } = config;
  return { id, sandboxId: sandbox.id, metadata, image, imageRef: image, state, createdAtMs, labels, annotations };
}

export function logPathOf({ sandbox, config }: FakeContainer): string {
  return config.logPath ? `${sandbox.config.logDirectory}/${config.logPath}` : '';
}

export function fakeImage(reference: string): Image {
  let hash = 0;
  for (const char of reference) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  const id = `sha256:${hash.toString(16).padStart(64, '0')}`;
  return { id, repoTags: [reference], repoDigests: [], sizeBytes: FAKE_IMAGE_BYTES, pinned: false };
}
