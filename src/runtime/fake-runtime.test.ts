import { describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { runtimeConformance } from './conformance.ts';
import { FakeRuntime } from './fake-runtime.ts';
import { FAKE_CPU_USAGE, FAKE_EXIT_AFTER_MS, FAKE_EXIT_CODE, FAKE_MEMORY_USAGE } from './fake-state.ts';
import { type ContainerConfig, RuntimeError, type SandboxConfig } from './runtime.ts';

const IMAGE = 'docker.io/library/busybox:1';

function sandboxConfig(name: string, annotations: Record<string, string> = {}): SandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: `/var/log/pods/${name}`,
    portMappings: [],
    labels: { app: name },
    annotations,
    linux: { cgroupParent: '', securityContext: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } } },
  };
}

function containerConfig(annotations: Record<string, string> = {}): ContainerConfig {
  return {
    metadata: { name: 'main', attempt: 0 },
    image: IMAGE,
    command: [],
    args: [],
    env: [],
    mounts: [],
    labels: {},
    annotations,
    logPath: 'main/0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: { resources: {}, securityContext: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } } },
  };
}

runtimeConformance(
  'the fake runtime',
  async () => ({
    runtime: new FakeRuntime({ clock: systemClock, images: [IMAGE] }),
    image: IMAGE,
    sandbox: (name) => sandboxConfig(name),
    close: async () => {},
  }),
  (exitCode) => ({ [FAKE_EXIT_CODE]: String(exitCode) }),
);

describe('fake runtime', () => {
  const { signal } = new AbortController();

  async function running(runtime: FakeRuntime, annotations: Record<string, string> = {}) {
    const sandbox = sandboxConfig('pod', annotations);
    const sandboxId = await runtime.runPodSandbox(sandbox, { signal });
    const id = await runtime.createContainer(sandboxId, containerConfig(), sandbox, { signal });
    await runtime.startContainer(id, { signal });
    return { sandboxId, id, status: () => runtime.containerStatus(id, { signal }) };
  }

  test("a pod's annotation makes its container exit after a while", async () => {
    const clock = fakeClock();
    const runtime = new FakeRuntime({ clock, images: [IMAGE] });
    const { status } = await running(runtime, { [FAKE_EXIT_CODE]: '2', [FAKE_EXIT_AFTER_MS]: '5000' });
    await clock.advance(4999);
    expect((await status()).state).toBe('running');
    await clock.advance(1);
    expect(await status()).toMatchObject({ state: 'exited', exitCode: 2, reason: 'Error', finishedAtMs: clock.now() });
  });

  test('a stopped container leaves no timer behind', async () => {
    const clock = fakeClock();
    const runtime = new FakeRuntime({ clock, images: [IMAGE], outcome: () => ({ does: 'exit', exitCode: 1, afterMs: 1000 }) });
    const { id, status } = await running(runtime);
    await runtime.stopContainer(id, 30, { signal });
    expect(clock.pending).toBe(0);
    expect(await status()).toMatchObject({ state: 'exited', exitCode: 0 });
  });

  test('sandboxes get addresses of the pod range, and stopped ones give them back', async () => {
    const runtime = new FakeRuntime({ clock: fakeClock() });
    await runtime.setPodCidr('10.42.3.0/30,fd00::/64', { signal });
    const ips = async (id: string) => (await runtime.podSandboxStatus(id, { signal })).ips;
    const first = await runtime.runPodSandbox(sandboxConfig('a'), { signal });
    expect(await ips(first)).toEqual(['10.42.3.2']);
    await expect(runtime.runPodSandbox(sandboxConfig('b'), { signal })).rejects.toThrow(/no IP addresses/);
    await runtime.stopPodSandbox(first, { signal });
    expect(await ips(first)).toEqual([]);
    expect(await ips(await runtime.runPodSandbox(sandboxConfig('b'), { signal }))).toEqual(['10.42.3.2']);
  });

  test('event streams fail when the runtime disconnects, and state survives', async () => {
    const runtime = new FakeRuntime({ clock: fakeClock(), images: [IMAGE] });
    const events = runtime.events({ signal })[Symbol.asyncIterator]();
    const first = events.next();
    const { id, sandboxId, status } = await running(runtime);
    expect((await first).value).toMatchObject({ type: 'created', containerId: sandboxId });
    runtime.exit(id, 137, 'OOMKilled');
    runtime.disconnect();
    const rest: unknown[] = [];
    await expect(
      (async () => {
        for (let next = await events.next(); !next.done; next = await events.next()) rest.push(next.value.type);
      })(),
    ).rejects.toMatchObject({ reason: 'Unavailable' });
    expect(rest).toEqual(['started', 'created', 'started', 'stopped']);
    expect(await status()).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
  });

  test('a fault makes a call fail', async () => {
    const fault = (call: string) => (call === 'pullImage' ? new RuntimeError('NotFound', 'no such image') : undefined);
    const runtime = new FakeRuntime({ clock: fakeClock(), fault });
    await expect(runtime.pullImage('x', undefined, { signal })).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await runtime.imageStatus('x', { signal })).toBeUndefined();
  });

  test('logs go to where the kubelet looks for them', async () => {
    const written: string[] = [];
    const runtime = new FakeRuntime({ clock: fakeClock(), images: [IMAGE], writeLog: (path) => written.push(path) });
    await running(runtime);
    expect(written).toEqual(['/var/log/pods/pod/main/0.log']);
  });
});

test('a container uses what its annotations say, and CPU time never runs backwards when they change', async () => {
  const clock = fakeClock();
  const { signal } = new AbortController();
  let cpuNanosPerSecond = 2e9;
  const runtime = new FakeRuntime({ clock, images: [IMAGE], usage: () => ({ cpuNanosPerSecond, memoryBytes: 5 }) });
  const annotated = new FakeRuntime({ clock, images: [IMAGE] });
  const use = { [FAKE_CPU_USAGE]: '250m', [FAKE_MEMORY_USAGE]: '64Mi' };
  for (const each of [runtime, annotated]) {
    const sandbox = sandboxConfig('used', use);
    const id = await each.createContainer(await each.runPodSandbox(sandbox, { signal }), containerConfig(), sandbox, { signal });
    await each.startContainer(id, { signal });
  }
  await clock.advance(10_000);
  expect(await annotated.containerStats({ signal })).toMatchObject([{ cpuUsageNanos: 2.5e9, memoryWorkingSetBytes: 64 << 20 }]);
  expect(await runtime.containerStats({ signal })).toMatchObject([{ cpuUsageNanos: 20e9, memoryWorkingSetBytes: 5 }]);
  cpuNanosPerSecond = 0;
  await clock.advance(10_000);
  expect(await runtime.containerStats({ signal })).toMatchObject([{ cpuUsageNanos: 20e9 }]);
});
