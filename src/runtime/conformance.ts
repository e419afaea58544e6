import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { type ContainerConfig, isRuntimeNotFound, type Runtime, type RuntimeEvent, type SandboxConfig } from './runtime.ts';

export interface ConformanceSubject {
  runtime: Runtime;
  /** An image that is there, with a POSIX `sh` and `sleep`. */
  image: string;
  /** Fills in what the machine needs (cgroup parent, log directory, network mode). */
  sandbox(name: string): SandboxConfig;
  close(): Promise<void>;
}

/**
 * What every runtime does. Containers that end by themselves say so twice: by their command, for runtimes that run it, and by
 * `exitAnnotations`, for those that pretend.
 */
export function runtimeConformance(
  name: string,
  open: () => Promise<ConformanceSubject>,
  exitAnnotations: (exitCode: number) => Record<string, string> = () => ({}),
): void {
  describe(`${name} is a container runtime`, () => {
    let subject: ConformanceSubject;
    let runtime: Runtime;
    const signal = AbortSignal.timeout(120_000);
    beforeAll(async () => {
      subject = await open();
      runtime = subject.runtime;
    }, 60_000);
    afterAll(async () => subject?.close(), 60_000);

    const container = (name: string, change: Partial<ContainerConfig> = {}) => containerConfig(name, subject.image, change);
    const sleeper = (name: string) => container(name, { command: ['sh', '-c', "trap 'exit 0' TERM; sleep 600 & wait"] });
    const exiting = (name: string, exitCode: number) =>
      container(name, { command: ['sh', '-c', `exit ${exitCode}`], annotations: exitAnnotations(exitCode) });

    /** Runs `use` with a sandbox that is removed afterwards. */
    async function withSandbox(name: string, use: (id: string, config: SandboxConfig) => Promise<void>): Promise<void> {
      const config = subject.sandbox(name);
      const id = await runtime.runPodSandbox(config, { signal });
      try {
        await use(id, config);
      } finally {
        await runtime.stopPodSandbox(id, { signal });
        await runtime.removePodSandbox(id, { signal });
      }
    }
    async function started(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string> {
      const id = await runtime.createContainer(sandboxId, config, sandbox, { signal });
      await runtime.startContainer(id, { signal });
      return id;
    }
    const exited = (id: string) =>
      eventually(signal, async () => {
        const status = await runtime.containerStatus(id, { signal });
        return status.state === 'exited' ? status : undefined;
      });

    test('it says who it is and that it is ready', async () => {
      const version = await runtime.version({ signal });
      expect(version.name).not.toBe('');
      expect(version.apiVersion).toBe('v1');
      expect((await runtime.status({ signal })).runtimeReady).toBe(true);
    });

    test('a sandbox is ready, listed, stopped more than once and removed more than once', async () => {
      const config = subject.sandbox('life');
      const id = await runtime.runPodSandbox(config, { signal });
      const status = await runtime.podSandboxStatus(id, { signal });
      expect(status).toMatchObject({
        id,
        metadata: config.metadata,
        state: 'ready',
        labels: config.labels,
        annotations: config.annotations,
      });
      expect(status.createdAtMs).toBeGreaterThan(0);
      expect((await runtime.listPodSandboxes({ signal })).map((s) => s.id)).toContain(id);
      await runtime.stopPodSandbox(id, { signal });
      await runtime.stopPodSandbox(id, { signal });
      expect((await runtime.podSandboxStatus(id, { signal })).state).toBe('notReady');
      await runtime.removePodSandbox(id, { signal });
      await runtime.removePodSandbox(id, { signal });
      await expect(runtime.podSandboxStatus(id, { signal })).rejects.toSatisfy(isRuntimeNotFound);
    });

    test("a sandbox on the host's network has no address of its own", async () => {
      const pod = subject.sandbox('host-network');
      const securityContext = { namespaces: { network: 'node', pid: 'container', ipc: 'pod' } } as const;
      const config = { ...pod, linux: { ...pod.linux, securityContext } };
      const id = await runtime.runPodSandbox(config, { signal });
      expect(await runtime.podSandboxStatus(id, { signal })).toMatchObject({ state: 'ready', ips: [], namespaces: { network: 'node' } });
      await runtime.stopPodSandbox(id, { signal });
      await runtime.removePodSandbox(id, { signal });
    });

    test('a second sandbox of the same identity is refused while the first exists', () =>
      withSandbox('twin', async (_id, config) => {
        await expect(runtime.runPodSandbox(config, { signal })).rejects.toThrow(/reserved/);
      }));

    test('a container is created, runs, stops with its exit code and is removed', () =>
      withSandbox('container', async (sandboxId, sandbox) => {
        const config = sleeper('main');
        const id = await runtime.createContainer(sandboxId, config, sandbox, { signal });
        expect(await runtime.containerStatus(id, { signal })).toMatchObject({ state: 'created', startedAtMs: 0, finishedAtMs: 0 });
        await runtime.startContainer(id, { signal });
        const running = await runtime.containerStatus(id, { signal });
        expect(running).toMatchObject({ state: 'running', finishedAtMs: 0, metadata: config.metadata, labels: config.labels });
        expect(running.startedAtMs).toBeGreaterThanOrEqual(running.createdAtMs);
        const listed = (await runtime.listContainers({ signal })).find((c) => c.id === id);
        expect(listed).toMatchObject({ sandboxId, state: 'running', annotations: config.annotations });
        await runtime.stopContainer(id, 10, { signal });
        await runtime.stopContainer(id, 10, { signal });
        const stopped = await runtime.containerStatus(id, { signal });
        expect(stopped).toMatchObject({ state: 'exited', exitCode: 0, reason: 'Completed' });
        expect(stopped.finishedAtMs).toBeGreaterThanOrEqual(stopped.startedAtMs);
        await runtime.removeContainer(id, { signal });
        await runtime.removeContainer(id, { signal });
        await expect(runtime.containerStatus(id, { signal })).rejects.toSatisfy(isRuntimeNotFound);
      }));

    test('a container that ends by itself keeps its exit code', () =>
      withSandbox('exits', async (sandboxId, sandbox) => {
        const good = await started(sandboxId, exiting('good', 0), sandbox);
        const bad = await started(sandboxId, exiting('bad', 3), sandbox);
        expect(await exited(good)).toMatchObject({ exitCode: 0, reason: 'Completed' });
        expect(await exited(bad)).toMatchObject({ exitCode: 3, reason: 'Error' });
      }));

    test('stopping a sandbox ends its containers, removing it removes them', async () => {
      const config = subject.sandbox('teardown');
      const sandboxId = await runtime.runPodSandbox(config, { signal });
      const id = await started(sandboxId, sleeper('main'), config);
      await runtime.stopPodSandbox(sandboxId, { signal });
      expect((await exited(id)).state).toBe('exited');
      await runtime.removePodSandbox(sandboxId, { signal });
      await expect(runtime.containerStatus(id, { signal })).rejects.toSatisfy(isRuntimeNotFound);
    });

    test('a container of an unknown image, in an unknown sandbox, or that does not exist is not found', () =>
      withSandbox('unknown', async (sandboxId, sandbox) => {
        const unknown = container('main', { image: 'example.invalid/never:made' });
        await expect(runtime.createContainer(sandboxId, unknown, sandbox, { signal })).rejects.toSatisfy(isRuntimeNotFound);
        await expect(runtime.createContainer('f00d', container('main'), sandbox, { signal })).rejects.toSatisfy(isRuntimeNotFound);
        await expect(runtime.startContainer('f00d', { signal })).rejects.toSatisfy(isRuntimeNotFound);
        await runtime.stopContainer('f00d', 0, { signal });
        await runtime.removeContainer('f00d', { signal });
        await runtime.stopPodSandbox('f00d', { signal });
        await runtime.removePodSandbox('f00d', { signal });
      }));

    test('commands run in a running container only', () =>
      withSandbox('exec', async (sandboxId, sandbox) => {
        const id = await runtime.createContainer(sandboxId, sleeper('main'), sandbox, { signal });
        await expect(runtime.execSync(id, ['true'], 5, { signal })).rejects.toThrow();
        await runtime.startContainer(id, { signal });
        expect((await runtime.execSync(id, ['true'], 5, { signal })).exitCode).toBe(0);
        await runtime.stopContainer(id, 10, { signal });
        await expect(runtime.execSync(id, ['true'], 5, { signal })).rejects.toThrow();
      }));

    test('resources of a running container can be changed and its use is measured', () =>
      withSandbox('resources', async (sandboxId, sandbox) => {
        const id = await started(sandboxId, sleeper('main'), sandbox);
        await runtime.updateContainerResources(id, { cpuShares: 256, memoryLimitBytes: 64 << 20 }, { signal });
        const stats = (await runtime.containerStats({ signal })).find((s) => s.id === id);
        expect(stats?.memoryUsageBytes).toBeGreaterThan(0);
        expect(stats?.memoryWorkingSetBytes).toBeLessThanOrEqual(stats?.memoryUsageBytes ?? 0);
        expect(stats?.timestampMs).toBeGreaterThan(0);
        await runtime.execSync(id, ['true'], 5, { signal });
        const later = (await runtime.containerStats({ signal })).find((s) => s.id === id);
        expect(later?.cpuUsageNanos).toBeGreaterThanOrEqual(stats?.cpuUsageNanos ?? 0);
        expect(later?.timestampMs).toBeGreaterThanOrEqual(stats?.timestampMs ?? 0);
        expect(stats?.labels).toEqual(sleeper('main').labels);
      }));

    test('events tell of starts and ends as they happen', async () => {
      const stop = new AbortController();
      const seen: RuntimeEvent[] = [];
      const reading = collect(runtime.events({ signal: stop.signal }), seen).catch((error: unknown) => error);
      try {
        // A subscription takes effect some time after the call: probe until it sees something.
        await eventually(AbortSignal.any([signal, AbortSignal.timeout(15_000)]), async () => {
          await withSandbox('probe', async () => {});
          return seen.length > 0 || undefined;
        });
        await withSandbox('events', async (sandboxId, sandbox) => {
          const id = await started(sandboxId, exiting('main', 3), sandbox);
          const types = () => seen.filter((e) => e.containerId === id).map((e) => e.type);
          await eventually(signal, async () => types().includes('stopped') || undefined);
          expect(types()).toContain('started');
          expect(types().indexOf('started')).toBeLessThan(types().indexOf('stopped'));
        });
      } finally {
        stop.abort();
      }
      expect(await reading).toMatchObject({ name: 'RuntimeError', reason: 'Aborted' });
    });

    test('images are found by name and by id', async () => {
      const image = await runtime.imageStatus(subject.image, { signal });
      expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect((await runtime.imageStatus(image?.id ?? '', { signal }))?.id).toBe(image?.id);
      expect((await runtime.listImages({ signal })).map((i) => i.id)).toContain(image?.id);
      expect(await runtime.imageStatus('example.invalid/never:made', { signal })).toBeUndefined();
    });

    test('a call whose signal has aborted is Aborted', async () => {
      const call = runtime.listContainers({ signal: AbortSignal.abort() });
      await expect(call).rejects.toMatchObject({ name: 'RuntimeError', reason: 'Aborted' });
    });
  });
}

function containerConfig(name: string, image: string, change: Partial<ContainerConfig>): ContainerConfig {
  return {
    metadata: { name, attempt: 0 },
    image,
    command: ['sleep', '600'],
    args: [],
    env: [{ key: 'GREETING', value: 'hello' }],
    mounts: [],
    labels: { 'io.kubernetes.container.name': name },
    annotations: {},
    logPath: `${name}/0.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: { cpuShares: 102, oomScoreAdj: 500 },
      securityContext: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } },
    },
    ...change,
  };
}

async function collect<T>(source: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const item of source) into.push(item);
}

async function eventually<T>(signal: AbortSignal, probe: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    await systemClock.sleep(20, { signal });
  }
}
