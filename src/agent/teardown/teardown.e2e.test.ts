import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openContainerd } from '../../runtime/containerd/open-containerd.ts';
import { busyboxImage } from '../../runtime/images/busybox-image.ts';
import type { ContainerConfig, SandboxConfig } from '../../runtime/runtime.ts';
import { cgroups, detectCgroups } from '../host/cgroups.ts';
import { mountTmpfs, readMounts } from '../host/mounts.ts';
import { hostProcesses } from '../host/processes.ts';
import { findExecutable, run } from '../host/spawn.ts';
import { addLocalAddress, nft, writeCniConfig } from '../network/pod-network.ts';
import { ownProcesses } from './process-plan.ts';
import { readProcesses } from './process-table.ts';
import { type TeardownPaths, teardown } from './teardown.ts';

const IMAGE = 'example.com/busybox:teardown';
const UID = 'c0ffee00-0000-4000-8000-00000000dead';
const DNS = '10.97.0.10';
const enabled = process.env.MINIK_E2E === '1';
const { signal } = new AbortController();

async function layout(): Promise<TeardownPaths & { cniConfDir: string }> {
  const dataDir = await mkdtemp('/tmp/minik-td-');
  const agentDir = join(dataDir, 'agent');
  const stateDir = join(dataDir, 'run');
  const paths = {
    dataDir,
    agentDir,
    stateDir,
    containerdRoot: join(agentDir, 'containerd'),
    containerdSocket: join(stateDir, 'containerd.sock'),
    cniConfDir: join(agentDir, 'cni/net.d'),
    cniIpamDir: join(agentDir, 'cni/ipam'),
    podsDir: join(agentDir, 'pods'),
    podLogsDir: join(agentDir, 'pod-logs'),
  };
  await mkdir(join(paths.podsDir, UID, 'volumes/cache'), { recursive: true });
  return paths;
}

/** Everything that a node makes: a pod with its network and a container that ignores SIGTERM, rules, an address, a volume. */
async function makeNode(paths: TeardownPaths & { cniConfDir: string }): Promise<{ stop(): Promise<void> }> {
  await writeCniConfig(paths.cniConfDir, { podCidrs: ['10.232.0.0/24'], ipamDir: paths.cniIpamDir, mtu: 0 });
  const { component, runtime, images } = await openContainerd({
    rootDir: paths.containerdRoot,
    stateDir: paths.stateDir,
    cniConfDir: paths.cniConfDir,
    registryDir: join(paths.agentDir, 'registry'),
    processes: hostProcesses,
    run,
    clock: systemClock,
    log: silentLogger,
  });
  const stop = new AbortController();
  const up = Promise.withResolvers<void>();
  const running = component.run({ signal: stop.signal, ready: up.resolve });
  await Promise.race([up.promise, running]);
  const busybox = await readFile((await findExecutable('busybox')) ?? '/bin/busybox');
  const applets = (await run('busybox', ['--list'])).stdout.split('\n');
  await writeFile(join(paths.dataDir, 'agent/busybox.tar'), (await busyboxImage(IMAGE, busybox, applets)).archive);
  await images.importImage(join(paths.dataDir, 'agent/busybox.tar'), { signal });
  await runPod(runtime, paths);
  for (const family of ['ip', 'ip6']) await nft(`add table ${family} minik`, { signal });
  await nft('add table ip somebody', { signal });
  await addLocalAddress(DNS, { signal });
  await writeFile(join(paths.agentDir, 'dns-address'), `${DNS}\n`);
  await mountTmpfs(join(paths.podsDir, UID, 'volumes/cache'), {});
  return {
    async stop() {
      stop.abort();
      await running;
      runtime.close();
    },
  };
}

async function runPod(runtime: Awaited<ReturnType<typeof openContainerd>>['runtime'], paths: TeardownPaths): Promise<void> {
  const parent = `/kubepods/besteffort/pod${UID}`;
  await cgroups(await detectCgroups()).ensure(parent);
  const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;
  const sandbox: SandboxConfig = {
    metadata: { name: 'web', uid: UID, namespace: 'default', attempt: 0 },
    hostname: 'web',
    logDirectory: join(paths.podLogsDir, `default_web_${UID}`),
    dns: { servers: [DNS], searches: [], options: [] },
    portMappings: [],
    labels: {},
    annotations: {},
    linux: { cgroupParent: parent, securityContext: { namespaces } },
  };
  const sandboxId = await runtime.runPodSandbox(sandbox, { signal });
  const container: ContainerConfig = {
    metadata: { name: 'main', attempt: 0 },
    image: IMAGE,
    command: ['sh', '-c', "trap '' TERM; (sleep 600 & sleep 601 &) ; sleep 602 & while true; do wait; done"],
    args: [],
    env: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: 'main.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: { resources: {}, securityContext: { namespaces } },
  };
  const id = await runtime.createContainer(sandboxId, container, sandbox, { signal });
  await runtime.startContainer(id, { signal });
}

async function traces(paths: TeardownPaths) {
  const own = ownProcesses(await readProcesses(), {
    containerdSocket: paths.containerdSocket,
    containerdConfig: join(paths.containerdRoot, 'config.toml'),
    podUids: [UID],
    selfPid: process.pid,
  });
  const links = await readFile('/proc/self/net/dev', 'utf8');
  return {
    containerd: own.containerd.length,
    shims: own.shims.length,
    contained: own.contained.length,
    mounts: (await readMounts()).filter((mount) => mount.target.startsWith(`${paths.dataDir}/`)).length,
    cgroups: (await cgroups(await detectCgroups()).processes(`/kubepods/besteffort/pod${UID}`)).length,
    bridge: links.includes('minik0:'),
    podLinks: [...links.matchAll(/veth/g)].length,
    tables: (await run('nft', ['list', 'tables'])).stdout.trim().split('\n'),
    dns: (await run('ip', ['address', 'show', 'dev', 'lo'])).stdout.includes(DNS),
    data: (await readdir(paths.dataDir).catch(() => [])).length > 0,
  };
}

const CLEAN = {
  containerd: 0,
  shims: 0,
  contained: 0,
  mounts: 0,
  cgroups: 0,
  bridge: false,
  podLinks: 0,
  tables: ['table ip somebody'],
  dns: false,
  data: false,
};

test.runIf(enabled)(
  'a node is removed without a trace while its pods run, and the rules of others stay',
  async () => {
    const paths = await layout();
    const node = await makeNode(paths);
    await node.stop();
    const [sandboxId = ''] = await readdir(join(paths.containerdRoot, 'io.containerd.grpc.v1.cri/sandboxes'));
    const results = async () => (await readdir('/var/lib/cni/results')).filter((name) => name.includes(sandboxId)).sort();
    expect(await results()).toEqual([`cni-loopback-${sandboxId}-lo`, `minik-${sandboxId}-eth0`]);
    const before = await traces(paths);
    expect(before).toMatchObject({ containerd: 0, shims: 1, bridge: true, podLinks: 1, dns: true, data: true });
    expect(before.contained).toBeGreaterThanOrEqual(4);
    expect(before.mounts).toBeGreaterThanOrEqual(3);
    expect(before.cgroups).toBeGreaterThanOrEqual(4);
    const options = { clock: systemClock, log: silentLogger, signal };
    expect(await teardown(paths, options)).toEqual({ outcome: 'removed' });
    expect(await traces(paths)).toEqual(CLEAN);
    expect(await results()).toEqual([]);
    expect(await teardown(paths, options)).toEqual({ outcome: 'nothing' });
    await run('nft', ['delete', 'table', 'ip', 'somebody']);
  },
  60_000,
);

test.runIf(enabled)(
  'a containerd that still runs, as after a kill of minik, is ended too',
  async () => {
    const paths = await layout();
    const node = await makeNode(paths);
    await node.stop();
    const binary = (await findExecutable('containerd')) ?? 'containerd';
    const logPath = join(paths.containerdRoot, 'left.log');
    await hostProcesses.startDetached(binary, ['--config', join(paths.containerdRoot, 'config.toml')], { logPath });
    expect(await traces(paths)).toMatchObject({ containerd: 1, shims: 1 });
    expect(await teardown(paths, { clock: systemClock, log: silentLogger, signal })).toEqual({ outcome: 'removed' });
    expect(await traces(paths)).toEqual(CLEAN);
    await run('nft', ['delete', 'table', 'ip', 'somebody']);
  },
  60_000,
);
