import type { Container, ContainerConfig, Image, Sandbox, SandboxConfig } from './runtime.ts';

/** What a container's process does by itself: runs until stopped, or exits. */
export type FakeOutcome = { does: 'run' } | { does: 'exit'; exitCode: number; afterMs: number };

/** On a container or its pod: the container exits with this code (a number) by itself. */
export const FAKE_EXIT_CODE = 'fake.minik.dev/exit-code';
/** On a container or its pod: milliseconds until it exits with FAKE_EXIT_CODE; 0 when absent. */
export const FAKE_EXIT_AFTER_MS = 'fake.minik.dev/exit-after-ms';

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
}

export const FAKE_IMAGE_BYTES = 1 << 20;

export function outcomeByAnnotation(container: ContainerConfig, sandbox: SandboxConfig): FakeOutcome {
  const read = (name: string) => container.annotations[name] ?? sandbox.annotations[name];
  const exitCode = read(FAKE_EXIT_CODE);
  if (exitCode === undefined) return { does: 'run' };
  return { does: 'exit', exitCode: Number(exitCode), afterMs: Number(read(FAKE_EXIT_AFTER_MS) ?? 0) };
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
