import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cgroups, detectCgroups } from '../../agent/host/cgroups.ts';
import { readMounts, unmountAll } from '../../agent/host/mounts.ts';
import { hostProcesses } from '../../agent/host/processes.ts';
import { findExecutable, run } from '../../agent/host/spawn.ts';
import { systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { type ConformanceSubject, runtimeConformance } from '../conformance.ts';
import { busyboxImage } from '../images/busybox-image.ts';
import { PAUSE_IMAGE } from '../images/pause-image.ts';
import type { ContainerConfig, SandboxConfig } from '../runtime.ts';
import type { CriClient } from './cri-client.ts';
import { openContainerd } from './open-containerd.ts';

const IMAGE = 'example.com/busybox:e2e';
const CGROUP = '/minik-e2e';
const enabled = process.env.MINIK_E2E === '1';
const clock = systemClock;
const log: Logger = {
  debug() {},
  info: (fields, message) => console.log(message, fields),
  warn: (fields, message) => console.log(message, fields),
  error: (fields, message) => console.log(message, fields),
  child: () => log,
};

/** A containerd of our own in the network namespace that we run in, which must have no way out. */
async function harness() {
  if (!process.env.MINIK_E2E_NODE_IP) throw new Error('run end-to-end tests with npm run e2e');
  await run('ip', ['link', 'set', 'lo', 'up']);
  const dir = await mkdtemp('/tmp/minik-e2e-');
  await mkdir(`${dir}/net.d`);
  await writeFile(`${dir}/net.d/10-minik.conflist`, cniConfig(`${dir}/ipam`));
  const { config, component, runtime, images } = await openContainerd({
    rootDir: `${dir}/root`,
    stateDir: `${dir}/run`,
    cniConfDir: `${dir}/net.d`,
    registryDir: `${dir}/registry`,
    processes: hostProcesses,
    run,
    clock,
    log,
  });
  let stop = new AbortController();
  let running: Promise<void> | undefined;

  async function start(): Promise<number> {
    const before = clock.monotonic();
    stop = new AbortController();
    await new Promise<void>((resolve, reject) => {
      running = component.run({ signal: stop.signal, ready: resolve });
      running.catch(reject);
    });
    return clock.monotonic() - before;
  }
  async function end(): Promise<void> {
    stop.abort();
    await running;
  }

  const { signal } = new AbortController();
  return {
    dir,
    config,
    runtime,
    images,
    signal,
    start,
    end,
    sandbox: (name: string) => sandboxConfig(dir, name),
    async importBusybox(): Promise<void> {
      const busybox = await readFile((await findExecutable('busybox')) ?? '/bin/busybox');
      const applets = (await run('busybox', ['--list'])).stdout.split('\n');
      const { archive } = await busyboxImage(IMAGE, busybox, applets);
      await writeFile(`${dir}/busybox.tar`, archive);
      expect(await images.importImage(`${dir}/busybox.tar`, { signal })).toEqual([IMAGE]);
    },
    async close(): Promise<void> {
      for (const { id } of await runtime.listPodSandboxes({ signal })) {
        await runtime.stopPodSandbox(id, { signal });
        await runtime.removePodSandbox(id, { signal });
      }
      await end();
      runtime.close();
      await unmountAll((await readMounts()).filter((m) => m.target.startsWith(`${dir}/`)).map((m) => m.target));
      await cgroups(await detectCgroups()).remove(CGROUP);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function cniConfig(ipamDir: string): string {
  const ipam = { type: 'host-local', dataDir: ipamDir, ranges: [[{ subnet: '10.231.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] };
  const bridge = { type: 'bridge', bridge: 'mke2e0', isGateway: true, ipMasq: false, ipam };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'minik', plugins: [bridge] });
}

function sandboxConfig(dir: string, name: string): SandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: `${dir}/logs/${name}`,
    dns: { servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    portMappings: [],
    labels: { 'io.kubernetes.pod.name': name },
    annotations: { note: 'kept' },
    linux: { cgroupParent: CGROUP, securityContext: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } } },
  };
}

function containerConfig(name: string, change: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    metadata: { name, attempt: 0 },
    image: IMAGE,
    command: ['sh', '-c', "trap 'exit 0' TERM; echo hello from $GREETING; sleep 600 & wait"],
    args: [],
    env: [{ key: 'GREETING', value: 'minik' }],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: `${name}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: {
      resources: { cpuShares: 100, memoryLimitBytes: 64 << 20 },
      securityContext: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } },
    },
    ...change,
  };
}

async function subject(): Promise<ConformanceSubject> {
  const host = await harness();
  console.log('containerd and pause image ready after ms', Math.round(await host.start()));
  await host.importBusybox();
  return { runtime: host.runtime, image: IMAGE, sandbox: host.sandbox, close: host.close };
}

if (enabled) runtimeConformance('containerd over CRI', subject);

describe.runIf(enabled)('containerd', () => {
  let host: Awaited<ReturnType<typeof harness>>;
  let runtime: CriClient;
  const { signal } = new AbortController();
  beforeAll(async () => {
    host = await harness();
    runtime = host.runtime;
    await host.start();
    await host.importBusybox();
  });
  afterAll(() => host?.close());

  async function startPod(name: string, change: Partial<ContainerConfig> = {}) {
    const config = host.sandbox(name);
    await mkdir(config.logDirectory, { recursive: true });
    const sandboxId = await runtime.runPodSandbox(config, { signal });
    const id = await runtime.createContainer(sandboxId, containerConfig('main', change), config, { signal });
    await runtime.startContainer(id, { signal });
    return { sandboxId, id, logPath: `${config.logDirectory}/main.log` };
  }
  async function removePod(sandboxId: string) {
    await runtime.stopPodSandbox(sandboxId, { signal });
    await runtime.removePodSandbox(sandboxId, { signal });
  }

  test('the pause image is pinned and imported once', async () => {
    const image = await runtime.imageStatus(PAUSE_IMAGE, { signal });
    expect(image).toMatchObject({ repoTags: [PAUSE_IMAGE], uid: 65535 });
    const images = ['--address', host.config.socketPath, '--namespace', 'k8s.io', 'images'];
    const listed = async () => (await run('ctr', [...images, 'list', `name==${PAUSE_IMAGE}`])).stdout;
    expect(await listed()).toContain('io.cri-containerd.pinned=pinned');
    // A second import would write the image's labels anew.
    await run('ctr', [...images, 'label', PAUSE_IMAGE, 'imported=once']);
    await host.images.ensurePauseImage(runtime, { signal });
    expect(await listed()).toContain('imported=once');
  });

  test('a pod has an address, a name, environment, DNS, logs and exec', async () => {
    const { sandboxId, id, logPath } = await startPod('pod');
    const status = await runtime.podSandboxStatus(sandboxId, { signal });
    expect(status.ips).toEqual([expect.stringMatching(/^10\.231\.0\./)]);
    const exec = async (...command: string[]) => runtime.execSync(id, command, 10, { signal });
    expect((await exec('hostname')).stdout.toString()).toBe('pod\n');
    expect((await exec('cat', '/etc/resolv.conf')).stdout.toString()).toContain('nameserver 10.96.0.10');
    expect(await exec('sh', '-c', 'echo out; echo err >&2; exit 7')).toMatchObject({
      exitCode: 7,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
    });
    expect(await readFile(logPath, 'utf8')).toMatch(/^\S+ stdout F hello from minik\n$/);
    await expect(runtime.exec(id, { command: ['sh'], tty: false, stdin: true, stdout: true, stderr: true }, { signal })).resolves.toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/exec\//,
    );
    await removePod(sandboxId);
  });

  test("a pod's cgroup bounds its containers and tells their use", async () => {
    const own = cgroups(await detectCgroups());
    const unified = own.version === 'v2' ? { unified: { 'memory.oom.group': '1' } } : {};
    await own.ensure(`${CGROUP}/burstable`);
    await own.ensure(`${CGROUP}/burstable/pod1`, { memoryLimitBytes: 32 << 20, cpuShares: 200, cpuQuota: 50_000, pidsLimit: 50 });
    const config = host.sandbox('cgroup');
    config.linux.cgroupParent = `${CGROUP}/burstable/pod1`;
    const sandboxId = await runtime.runPodSandbox(config, { signal });
    const command = ['sh', '-c', 'head -c 200000000 /dev/zero | tail'];
    const linux = { ...containerConfig('x').linux, resources: unified };
    const id = await runtime.createContainer(sandboxId, containerConfig('main', { command, linux }), config, { signal });
    expect(await own.children(`${CGROUP}/burstable`)).toEqual(['pod1']);
    expect(await own.processes(`${CGROUP}/burstable`)).toHaveLength(1);
    await runtime.startContainer(id, { signal });
    await expect.poll(async () => (await runtime.containerStatus(id, { signal })).state, { timeout: 60_000 }).toBe('exited');
    expect((await runtime.containerStatus(id, { signal })).exitCode).not.toBe(0);
    const usage = await own.usage(`${CGROUP}/burstable/pod1`);
    expect(usage?.memoryUsageBytes).toBeLessThanOrEqual(32 << 20);
    expect(usage?.cpuUsageNanos).toBeGreaterThan(0);
    await removePod(sandboxId);
    expect(await own.processes(`${CGROUP}/burstable`)).toEqual([]);
    await own.remove(`${CGROUP}/burstable`);
    expect(await own.usage(`${CGROUP}/burstable/pod1`)).toBeUndefined();
  });

  test('a container past its memory limit is OOMKilled', async () => {
    const command = ['sh', '-c', 'head -c 200000000 /dev/zero | tail'];
    const { sandboxId, id } = await startPod('oom', { command });
    let status = await runtime.containerStatus(id, { signal });
    while (status.state !== 'exited') {
      await clock.sleep(20, { signal });
      status = await runtime.containerStatus(id, { signal });
    }
    expect(status.reason).toBe('OOMKilled');
    await removePod(sandboxId);
  });

  test('containers survive a restart of containerd, and one that was killed is started again', async () => {
    const { sandboxId, id } = await startPod('survivor');
    const started = (await runtime.containerStatus(id, { signal })).startedAtMs;
    await host.end();
    await expect(runtime.version({ signal })).rejects.toMatchObject({ reason: 'Unavailable' });
    console.log('restarted containerd ready after ms', Math.round(await host.start()));
    expect(await runtime.containerStatus(id, { signal })).toMatchObject({ state: 'running', startedAtMs: started });

    const { pid } = JSON.parse(await readFile(`${host.config.stateDir}/containerd.pid`, 'utf8')) as { pid: number };
    process.kill(pid, 'SIGKILL');
    const deadline = clock.monotonic() + 15_000;
    for (;;) {
      const record = await readFile(`${host.config.stateDir}/containerd.pid`, 'utf8');
      const back = (JSON.parse(record) as { pid: number }).pid !== pid && (await runtime.version({ signal }).catch(() => undefined));
      if (back) break;
      if (clock.monotonic() > deadline) throw new Error('containerd was not started again');
      await clock.sleep(50, { signal });
    }
    expect((await runtime.execSync(id, ['true'], 5, { signal })).exitCode).toBe(0);
    await removePod(sandboxId);
  });

  test('pods start fast, alone and twenty at a time', async () => {
    const timed = async (n: number, name: string) => {
      const before = clock.monotonic();
      const pods = await Promise.all(Array.from({ length: n }, (_, i) => startPod(`${name}-${i}`)));
      const ms = clock.monotonic() - before;
      const stopping = clock.monotonic();
      await Promise.all(pods.map((p) => removePod(p.sandboxId)));
      return { ms: Math.round(ms), removeMs: Math.round(clock.monotonic() - stopping) };
    };
    const single = [await timed(1, 'a'), await timed(1, 'b'), await timed(1, 'c')];
    const many = await timed(20, 'many');
    console.log('pod start, remove ms: alone', single, 'twenty', many);
    expect(many.ms).toBeLessThan(20_000);
  });
});
