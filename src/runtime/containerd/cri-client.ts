import { type Clock, systemClock } from '../../base/clock.ts';
import {
  type CallOptions,
  type Container,
  type ContainerConfig,
  type ContainerStats,
  type ContainerStatus,
  type ExecResult,
  type Image,
  isRuntimeNotFound,
  type LinuxResources,
  type Runtime,
  RuntimeError,
  type RuntimeStatus,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
  type StreamRequest,
} from '../runtime.ts';
import { runtimeEvents } from './cri-events.ts';
import { CONTAINERD_PROTO, CRI_PROTO } from './cri-proto.ts';
import * as wire from './cri-wire.ts';
import { loadServices, type RpcClient, rpcClient } from './grpc.ts';

export interface CriClientOptions {
  /** Path of the runtime's Unix socket. */
  socketPath: string;
  clock?: Clock;
}

/** CRI calls that only read or write the runtime's state answer within this; the kubelet's `runtimeRequestTimeout`. */
const REQUEST_TIMEOUT_MS = 120_000;
/** Network set-up by CNI may take longer. */
const SANDBOX_TIMEOUT_MS = 240_000;

export interface CriClient extends Runtime {
  /** Drops the connections; calls under way end as Aborted or Unavailable. */
  close(): void;
}

/** The runtime port over CRI v1. Connects on first use and again by itself after the runtime was away. */
export function criClient({ socketPath, clock = systemClock }: CriClientOptions): CriClient {
  const cri = loadServices(CRI_PROTO);
  const containerd = loadServices(CONTAINERD_PROTO);
  const connect = (services: ReturnType<typeof loadServices>, name: string): RpcClient => {
    const service = services[name];
    if (!service) throw new Error(`no service ${name}`);
    return rpcClient(socketPath, service);
  };
  const runtime = connect(cri, 'runtime.v1.RuntimeService');
  const images = connect(cri, 'runtime.v1.ImageService');
  const events = connect(containerd, 'containerd.services.events.v1.Events');
  const within = ({ signal }: CallOptions, ms = REQUEST_TIMEOUT_MS) => ({ signal, deadlineMs: clock.now() + ms });
  const run = <T>(method: string, request: object, options: CallOptions, ms?: number) =>
    runtime.call<T>(method, request, within(options, ms));
  /** CRI: stopping and removing what is not there succeeds; containerd 1.6 answers NotFound to some of these. */
  const gone = (error: unknown) => {
    if (!isRuntimeNotFound(error)) throw error;
  };

  const sandboxes = sandboxCalls(run, gone);
  const containers = containerCalls(run, gone);
  return {
    async version(options) {
      const answer = await run<{ runtimeName: string; runtimeVersion: string; runtimeApiVersion: string }>('Version', {}, options);
      return { name: answer.runtimeName, version: answer.runtimeVersion, apiVersion: answer.runtimeApiVersion };
    },
    async status(options) {
      return statusOf(await run<StatusAnswer>('Status', {}, options));
    },
    async setPodCidr(podCidr, options) {
      await run('UpdateRuntimeConfig', { runtimeConfig: { networkConfig: { podCidr } } }, options);
    },
    ...sandboxes,
    ...containers,
    ...streamCalls(run),
    ...imageCalls(images, within),
    events: (options) => runtimeEvents({ runtime, events, sandboxes, containers, clock }, options),
    close() {
      for (const client of [runtime, images, events]) client.close();
    },
  };
}

type Run = <T>(method: string, request: object, options: CallOptions, timeoutMs?: number) => Promise<T>;

interface StatusAnswer {
  status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null;
}

function statusOf({ status }: StatusAnswer): RuntimeStatus {
  const conditions = status?.conditions ?? [];
  const holds = (type: string) => conditions.some((c) => c.type === type && c.status);
  const message = conditions
    .filter((c) => !c.status)
    .map((c) => c.message || c.reason)
    .join('; ');
  return { runtimeReady: holds('RuntimeReady'), networkReady: holds('NetworkReady'), message };
}

function sandboxCalls(run: Run, gone: (error: unknown) => void) {
  return {
    async runPodSandbox(config: SandboxConfig, options: CallOptions): Promise<string> {
      const request = { config: wire.toSandboxConfig(config) };
      return (await run<{ podSandboxId: string }>('RunPodSandbox', request, options, SANDBOX_TIMEOUT_MS)).podSandboxId;
    },
    async stopPodSandbox(id: string, options: CallOptions): Promise<void> {
      await run('StopPodSandbox', { podSandboxId: id }, options, SANDBOX_TIMEOUT_MS).catch(gone);
    },
    async removePodSandbox(id: string, options: CallOptions): Promise<void> {
      await run('RemovePodSandbox', { podSandboxId: id }, options).catch(gone);
    },
    async podSandboxStatus(id: string, options: CallOptions): Promise<SandboxStatus> {
      const { status } = await run<{ status: wire.WireSandboxStatus | null }>('PodSandboxStatus', { podSandboxId: id }, options);
      if (!status) throw new RuntimeError('NotFound', `sandbox ${id} is not there`);
      return wire.fromSandboxStatus(status);
    },
    async listPodSandboxes(options: CallOptions): Promise<Sandbox[]> {
      return (await run<{ items: wire.WireSandbox[] }>('ListPodSandbox', {}, options)).items.map(wire.fromSandbox);
    },
  };
}

function containerCalls(run: Run, gone: (error: unknown) => void) {
  /** Where a container belongs never changes; CRI's status leaves it out. Swept when containers are listed. */
  const sandboxOf = new Map<string, string>();
  const list = async (filter: object, options: CallOptions): Promise<Container[]> => {
    const { containers } = await run<{ containers: wire.WireContainer[] }>('ListContainers', { filter }, options);
    for (const { id, podSandboxId } of containers) sandboxOf.set(id, podSandboxId);
    return containers.map(wire.fromContainer);
  };
  /** The container's sandbox, asked of the runtime when not known; empty when there is no such container. */
  const sandboxIdOf = async (id: string, options: CallOptions): Promise<string> =>
    sandboxOf.get(id) ?? (await list({ id }, options)).at(0)?.sandboxId ?? '';

  return {
    sandboxIdOf,
    async createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig, options: CallOptions): Promise<string> {
      const request = { podSandboxId: sandboxId, config: wire.toContainerConfig(config), sandboxConfig: wire.toSandboxConfig(sandbox) };
      const { containerId } = await run<{ containerId: string }>('CreateContainer', request, options);
      sandboxOf.set(containerId, sandboxId);
      return containerId;
    },
    async startContainer(id: string, options: CallOptions): Promise<void> {
      await run('StartContainer', { containerId: id }, options);
    },
    async stopContainer(id: string, timeoutSeconds: number, options: CallOptions): Promise<void> {
      const timeout = Math.max(0, Math.ceil(timeoutSeconds));
      const request = { containerId: id, timeout };
      await run('StopContainer', request, options, timeout * 1000 + REQUEST_TIMEOUT_MS).catch(gone);
    },
    async removeContainer(id: string, options: CallOptions): Promise<void> {
      await run('RemoveContainer', { containerId: id }, options).catch(gone);
    },
    async containerStatus(id: string, options: CallOptions): Promise<ContainerStatus> {
      const { status } = await run<{ status: wire.WireContainerStatus | null }>('ContainerStatus', { containerId: id }, options);
      if (!status) throw new RuntimeError('NotFound', `container ${id} is not there`);
      return wire.fromContainerStatus(status, await sandboxIdOf(id, options));
    },
    listContainers: async (options: CallOptions): Promise<Container[]> => {
      const containers = await list({}, options);
      const live = new Set(containers.map((c) => c.id));
      for (const id of sandboxOf.keys()) if (!live.has(id)) sandboxOf.delete(id);
      return containers;
    },
    async updateContainerResources(id: string, resources: LinuxResources, options: CallOptions): Promise<void> {
      await run('UpdateContainerResources', { containerId: id, linux: wire.toResources(resources) }, options);
    },
    async reopenContainerLog(id: string, options: CallOptions): Promise<void> {
      await run('ReopenContainerLog', { containerId: id }, options);
    },
    async containerStats(options: CallOptions): Promise<ContainerStats[]> {
      return (await run<{ stats: wire.WireStats[] }>('ListContainerStats', {}, options)).stats.map(wire.fromStats);
    },
    async execSync(id: string, command: string[], timeoutSeconds: number, options: CallOptions): Promise<ExecResult> {
      const timeout = Math.max(0, Math.ceil(timeoutSeconds));
      const request = { containerId: id, cmd: command, timeout };
      // 0 means that the command may run for ever.
      const timeoutMs = timeout === 0 ? Number.POSITIVE_INFINITY : timeout * 1000 + REQUEST_TIMEOUT_MS;
      return run<ExecResult>('ExecSync', request, options, timeoutMs);
    },
  };
}

function streamCalls(run: Run) {
  const url = async (method: string, request: object, options: CallOptions) => (await run<{ url: string }>(method, request, options)).url;
  return {
    exec: (id: string, { command, ...streams }: StreamRequest & { command: string[] }, options: CallOptions) =>
      url('Exec', { containerId: id, cmd: command, ...streams }, options),
    attach: (id: string, streams: StreamRequest, options: CallOptions) => url('Attach', { containerId: id, ...streams }, options),
    portForward: (sandboxId: string, ports: number[], options: CallOptions) =>
      url('PortForward', { podSandboxId: sandboxId, port: ports }, options),
  };
}

function imageCalls(
  images: RpcClient,
  within: (options: CallOptions) => { signal: AbortSignal; deadlineMs: number },
): Pick<Runtime, 'listImages' | 'imageStatus' | 'pullImage' | 'removeImage' | 'imageFsUsedBytes'> {
  const spec = (reference: string) => ({ image: { image: reference } });
  return {
    async listImages(options): Promise<Image[]> {
      return (await images.call<{ images: wire.WireImage[] }>('ListImages', {}, within(options))).images.map(wire.fromImage);
    },
    async imageStatus(reference, options) {
      const { image } = await images.call<{ image: wire.WireImage | null }>('ImageStatus', spec(reference), within(options));
      return image ? wire.fromImage(image) : undefined;
    },
    async pullImage(reference, auth, { signal }) {
      // Without a deadline of its own: a large image over a slow line takes as long as it takes; the caller's signal bounds it.
      return (await images.call<{ imageRef: string }>('PullImage', { ...spec(reference), auth }, { signal })).imageRef;
    },
    async removeImage(reference, options) {
      await images.call('RemoveImage', spec(reference), within(options));
    },
    async imageFsUsedBytes(options) {
      const answer = await images.call<{ imageFilesystems: { usedBytes: { value: number } | null }[] }>('ImageFsInfo', {}, within(options));
      return answer.imageFilesystems.reduce((sum, fs) => sum + (fs.usedBytes?.value ?? 0), 0);
    },
  };
}
