import type { Clock } from '../base/clock.ts';
import { type EventChannel, eventChannel } from './event-channel.ts';
import { FakeAddresses } from './fake-addresses.ts';
import {
  containerView,
  FAKE_IMAGE_BYTES,
  type FakeContainer,
  type FakeOutcome,
  type FakeSandbox,
  type FakeUsage,
  fakeImage,
  identityOf,
  logPathOf,
  measure,
  outcomeByAnnotation,
  sandboxView,
  usageByAnnotation,
} from './fake-state.ts';
import {
  type CallOptions,
  type Container,
  type ContainerConfig,
  type ContainerStats,
  type ContainerStatus,
  type ExecResult,
  type Image,
  type LinuxResources,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeStatus,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from './runtime.ts';

export interface FakeRuntimeOptions {
  clock: Clock;
  /** Default: by the two annotations above; without them a container runs until it is stopped. */
  outcome?: (container: ContainerConfig, sandbox: SandboxConfig) => FakeOutcome;
  /** Default: by two annotations as they were when container and pod were made (usageByAnnotation). */
  usage?: (container: ContainerConfig, sandbox: SandboxConfig) => FakeUsage;
  /** Asked before every call; an error makes the call fail with it. */
  fault?: (call: keyof Runtime, subject: string) => RuntimeError | undefined;
  execSync?: (containerId: string, command: readonly string[]) => ExecResult;
  /** Gets a container's absolute log path when it starts. Absent: no logs. */
  writeLog?: (path: string, container: ContainerConfig) => void;
  /** Images that are there from the start. */
  images?: string[];
  /** Default: 10.88.0.0/16. '': the network is not ready until setPodCidr. */
  podCidr?: string;
}

/** Events that a consumer may fall behind before it has to relist. */
const EVENT_CAPACITY = 100_000;

/**
 * A runtime in memory, for fake nodes and tests: sandboxes get addresses, containers start at once and end when stopped.
 * Passes conformance.ts, except for streams, which it does not have (`Unimplemented`).
 */
export class FakeRuntime implements Runtime {
  readonly #options: FakeRuntimeOptions;
  readonly #clock: Clock;
  readonly #sandboxes = new Map<string, FakeSandbox>();
  /** By `namespace/name/uid/attempt`: CRI refuses a second sandbox of the same identity. */
  readonly #identities = new Set<string>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #images = new Map<string, Image>();
  readonly #listeners = new Set<EventChannel<RuntimeEvent>>();
  #addresses: FakeAddresses | undefined;
  #lastId = 0;

  constructor(options: FakeRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock;
    const podCidr = options.podCidr ?? '10.88.0.0/16';
    this.#addresses = podCidr ? new FakeAddresses(podCidr) : undefined;
    for (const reference of options.images ?? []) this.#images.set(reference, fakeImage(reference));
  }

  /** The container's process dies. */
  exit(id: string, exitCode: number, reason = exitCode === 0 ? 'Completed' : 'Error'): void {
    this.#exit(this.#container(id), exitCode, reason);
  }

  /** The runtime goes away for a moment: event streams fail, state stays. */
  disconnect(): void {
    for (const listener of this.#listeners) listener.fail(new RuntimeError('Unavailable', 'the runtime went away'));
    this.#listeners.clear();
  }

  async version({ signal }: CallOptions) {
    this.#enter('version', '', signal);
    return { name: 'fake', version: '1', apiVersion: 'v1' };
  }

  async status({ signal }: CallOptions): Promise<RuntimeStatus> {
    this.#enter('status', '', signal);
    const networkReady = this.#addresses !== undefined;
    return { runtimeReady: true, networkReady, message: networkReady ? '' : 'the pod range is not known yet' };
  }

  async setPodCidr(podCidr: string, { signal }: CallOptions): Promise<void> {
    this.#enter('setPodCidr', podCidr, signal);
    if (podCidr) this.#addresses = new FakeAddresses(podCidr);
  }

  async runPodSandbox(config: SandboxConfig, { signal }: CallOptions): Promise<string> {
    this.#enter('runPodSandbox', config.metadata.uid, signal);
    const identity = identityOf(config);
    if (this.#identities.has(identity)) throw new RuntimeError('Unknown', `sandbox name ${identity} is reserved`);
    const hostNetwork = config.linux.securityContext.namespaces.network === 'node';
    const ip = hostNetwork ? undefined : this.#addresses?.take();
    if (!hostNetwork && !ip) throw new RuntimeError('Unknown', 'no IP addresses available in the pod range');
    this.#identities.add(identity);
    const sandbox: FakeSandbox = {
      id: this.#id(),
      config,
      state: 'ready',
      createdAtMs: this.#clock.now(),
      ip,
      containers: new Set(),
    };
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#emit('created', sandbox.id, sandbox.id);
    this.#emit('started', sandbox.id, sandbox.id);
    return sandbox.id;
  }

  async stopPodSandbox(id: string, { signal }: CallOptions): Promise<void> {
    this.#enter('stopPodSandbox', id, signal);
    const sandbox = this.#sandboxes.get(id);
    if (sandbox) this.#stopSandbox(sandbox);
  }

  async removePodSandbox(id: string, { signal }: CallOptions): Promise<void> {
    this.#enter('removePodSandbox', id, signal);
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    this.#stopSandbox(sandbox);
    for (const container of [...sandbox.containers]) this.#remove(container);
    this.#sandboxes.delete(id);
    this.#identities.delete(identityOf(sandbox.config));
    this.#emit('deleted', id, id);
  }

  async podSandboxStatus(id: string, { signal }: CallOptions): Promise<SandboxStatus> {
    this.#enter('podSandboxStatus', id, signal);
    const sandbox = this.#sandbox(id);
    const namespaces = sandbox.config.linux.securityContext.namespaces;
    return { ...sandboxView(sandbox), ips: sandbox.ip ? [sandbox.ip] : [], namespaces };
  }

  async listPodSandboxes({ signal }: CallOptions): Promise<Sandbox[]> {
    this.#enter('listPodSandboxes', '', signal);
    return Array.from(this.#sandboxes.values(), sandboxView);
  }

  async createContainer(sandboxId: string, config: ContainerConfig, _: SandboxConfig, { signal }: CallOptions): Promise<string> {
    this.#enter('createContainer', config.metadata.name, signal);
    const sandbox = this.#sandbox(sandboxId);
    if (!this.#image(config.image)) throw new RuntimeError('NotFound', `image ${config.image} is not there`);
    const container: FakeContainer = {
      id: this.#id(),
      sandbox,
      config,
      state: 'created',
      createdAtMs: this.#clock.now(),
      startedAtMs: 0,
      finishedAtMs: 0,
      exitCode: 0,
      reason: '',
      timer: undefined,
      cpu: { usedNanos: 0, atMs: 0 },
    };
    sandbox.containers.add(container);
    this.#containers.set(container.id, container);
    this.#emit('created', container.id, sandbox.id);
    return container.id;
  }

  async startContainer(id: string, { signal }: CallOptions): Promise<void> {
    this.#enter('startContainer', id, signal);
    const container = this.#container(id);
    if (container.state !== 'created') throw new RuntimeError('Unknown', `container ${id} is in state ${container.state}`);
    container.state = 'running';
    container.startedAtMs = this.#clock.now();
    container.cpu = { usedNanos: 0, atMs: container.startedAtMs };
    this.#options.writeLog?.(logPathOf(container), container.config);
    this.#emit('started', id, container.sandbox.id);
    const outcome = (this.#options.outcome ?? outcomeByAnnotation)(container.config, container.sandbox.config);
    if (outcome.does === 'run') return;
    const end = () => this.#exit(container, outcome.exitCode, outcome.exitCode === 0 ? 'Completed' : 'Error');
    if (outcome.afterMs <= 0) end();
    else container.timer = this.#clock.timer(outcome.afterMs, end);
  }

  async stopContainer(id: string, _timeoutSeconds: number, { signal }: CallOptions): Promise<void> {
    this.#enter('stopContainer', id, signal);
    const container = this.#containers.get(id);
    if (container) this.#exit(container, 0, 'Completed');
  }

  async removeContainer(id: string, { signal }: CallOptions): Promise<void> {
    this.#enter('removeContainer', id, signal);
    const container = this.#containers.get(id);
    if (container) this.#remove(container);
  }

  async containerStatus(id: string, { signal }: CallOptions): Promise<ContainerStatus> {
    this.#enter('containerStatus', id, signal);
    const container = this.#container(id);
    const { startedAtMs, finishedAtMs, exitCode, reason, config } = container;
    const logPath = logPathOf(container);
    return { ...containerView(container), startedAtMs, finishedAtMs, exitCode, reason, message: '', mounts: config.mounts, logPath };
  }

  async listContainers({ signal }: CallOptions): Promise<Container[]> {
    this.#enter('listContainers', '', signal);
    return Array.from(this.#containers.values(), containerView);
  }

  async updateContainerResources(id: string, resources: LinuxResources, { signal }: CallOptions): Promise<void> {
    this.#enter('updateContainerResources', id, signal);
    const container = this.#container(id);
    container.config = { ...container.config, linux: { ...container.config.linux, resources } };
  }

  async reopenContainerLog(id: string, { signal }: CallOptions): Promise<void> {
    this.#enter('reopenContainerLog', id, signal);
    if (this.#container(id).state !== 'running') throw new RuntimeError('Unknown', `container ${id} is not running`);
  }

  async containerStats({ signal }: CallOptions): Promise<ContainerStats[]> {
    this.#enter('containerStats', '', signal);
    const usage = this.#options.usage ?? usageOfConfig;
    return Array.from(this.#containers.values())
      .filter((c) => c.state === 'running')
      .map((c) => measure(c, usage(c.config, c.sandbox.config), this.#clock.now()));
  }

  async execSync(id: string, command: string[], _timeoutSeconds: number, { signal }: CallOptions): Promise<ExecResult> {
    this.#enter('execSync', id, signal);
    if (this.#container(id).state !== 'running') throw new RuntimeError('Unknown', `container ${id} is not running`);
    return this.#options.execSync?.(id, command) ?? { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), exitCode: 0 };
  }

  async exec(): Promise<string> {
    throw noStreams();
  }
  async attach(): Promise<string> {
    throw noStreams();
  }
  async portForward(): Promise<string> {
    throw noStreams();
  }

  async listImages({ signal }: CallOptions): Promise<Image[]> {
    this.#enter('listImages', '', signal);
    return [...this.#images.values()];
  }

  async imageStatus(reference: string, { signal }: CallOptions): Promise<Image | undefined> {
    this.#enter('imageStatus', reference, signal);
    return this.#image(reference);
  }

  async pullImage(reference: string, _auth: unknown, { signal }: CallOptions): Promise<string> {
    this.#enter('pullImage', reference, signal);
    const image = this.#image(reference) ?? fakeImage(reference);
    this.#images.set(reference, image);
    return image.id;
  }

  async removeImage(reference: string, { signal }: CallOptions): Promise<void> {
    this.#enter('removeImage', reference, signal);
    for (const [name, image] of this.#images) if (name === reference || image.id === reference) this.#images.delete(name);
  }

  async imageFsUsedBytes({ signal }: CallOptions): Promise<number> {
    this.#enter('imageFsUsedBytes', '', signal);
    return this.#images.size * FAKE_IMAGE_BYTES;
  }

  async *events({ signal }: CallOptions): AsyncIterable<RuntimeEvent> {
    this.#enter('events', '', signal);
    const overflow = () => new RuntimeError('Unavailable', 'the event consumer fell behind');
    const channel = eventChannel<RuntimeEvent>({ capacity: EVENT_CAPACITY, overflow });
    const onAbort = () => channel.fail(new RuntimeError('Aborted', 'aborted'));
    this.#listeners.add(channel);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      yield* channel;
    } finally {
      this.#listeners.delete(channel);
      signal.removeEventListener('abort', onAbort);
    }
  }

  #enter(call: keyof Runtime, subject: string, signal: AbortSignal): void {
    if (signal.aborted) throw new RuntimeError('Aborted', `${call} was aborted`, { cause: signal.reason });
    const fault = this.#options.fault?.(call, subject);
    if (fault) throw fault;
  }

  #id(): string {
    this.#lastId += 1;
    return this.#lastId.toString(16).padStart(64, '0');
  }

  #sandbox(id: string): FakeSandbox {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) throw new RuntimeError('NotFound', `sandbox ${id} is not there`);
    return sandbox;
  }

  #container(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (!container) throw new RuntimeError('NotFound', `container ${id} is not there`);
    return container;
  }

  #image(reference: string): Image | undefined {
    return this.#images.get(reference) ?? this.#images.values().find((image) => image.id === reference);
  }

  #exit(container: FakeContainer, exitCode: number, reason: string): void {
    if (container.state === 'exited') return;
    container.timer?.[Symbol.dispose]();
    container.timer = undefined;
    Object.assign(container, { state: 'exited', exitCode, reason, finishedAtMs: this.#clock.now() });
    this.#emit('stopped', container.id, container.sandbox.id);
  }

  #remove(container: FakeContainer): void {
    this.#exit(container, 137, 'Error');
    container.sandbox.containers.delete(container);
    this.#containers.delete(container.id);
    this.#emit('deleted', container.id, container.sandbox.id);
  }

  #stopSandbox(sandbox: FakeSandbox): void {
    if (sandbox.state === 'notReady') return;
    for (const container of sandbox.containers) if (container.state === 'running') this.#exit(container, 137, 'Error');
    sandbox.state = 'notReady';
    if (sandbox.ip) this.#addresses?.release(sandbox.ip);
    sandbox.ip = undefined;
    this.#emit('stopped', sandbox.id, sandbox.id);
  }

  #emit(type: RuntimeEvent['type'], containerId: string, sandboxId: string): void {
    if (this.#listeners.size === 0) return;
    const event = { type, containerId, sandboxId, atMs: this.#clock.now() };
    for (const listener of this.#listeners) listener.push(event);
  }
}

const usageOfConfig = (container: ContainerConfig, sandbox: SandboxConfig): FakeUsage =>
  usageByAnnotation((name) => container.annotations[name] ?? sandbox.annotations[name]);

const noStreams = () => new RuntimeError('Unimplemented', 'fake nodes have no streams');
