import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configMaps, nodes, pods, secrets } from '../api/index.ts';
import type { Pod, PodSpec } from '../api/schema/generated/types.ts';
import { systemClock as clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { fakeCluster } from '../client/fake-client.ts';
import { createInformers } from '../client/informer.ts';
import { openContainerd } from '../runtime/containerd/open-containerd.ts';
import { busyboxImage } from '../runtime/images/busybox-image.ts';
import { type Agent, createAgent } from './agent.ts';
import { cgroups, detectCgroups } from './host/cgroups.ts';
import { readMounts, unmountAll } from './host/mounts.ts';
import { hostProcesses } from './host/processes.ts';
import { run } from './host/spawn.ts';
import { readNodeFacts } from './node/node-facts.ts';
import { DiskStorage } from './pods/disk-storage.ts';
import { createProber } from './probes/prober.ts';
import { createClaimSource } from './volumes/claim-source.ts';
import { createConfigSource } from './volumes/config-source.ts';
import { hostVolumeMounts } from './volumes/host-mounts.ts';
import { createServiceAccountTokens } from './volumes/service-account-tokens.ts';
import { createVolumes } from './volumes/volumes.ts';

/** Warnings explain a failure; the rest is noise. */
const log: Logger = {
  debug() {},
  info() {},
  warn: (fields, message) => console.log(message, fields),
  error: (fields, message) => console.log(message, fields),
  child: () => log,
};

const IMAGE = 'example.com/busybox:agent-e2e';

/** An agent on a containerd of our own, in a network namespace without a way out; the cluster alone is in memory. */
async function node() {
  if (!process.env.MINIK_E2E_NODE_IP) throw new Error('run end-to-end tests with npm run e2e');
  await run('ip', ['link', 'set', 'lo', 'up']);
  const dir = await mkdtemp('/tmp/minik-agent-');
  const files = { rootDir: `${dir}/root`, stateDir: `${dir}/run`, cniConfDir: `${dir}/net.d`, registryDir: `${dir}/registry` };
  await mkdir(files.cniConfDir);
  await mkdir(`${dir}/pods`);
  await writeFile(`${dir}/net.d/10-minik.conflist`, cniConfig(`${dir}/ipam`));
  const { component, runtime, images } = await openContainerd({ ...files, processes: hostProcesses, run, clock, log });
  const down = new AbortController();
  const { promise: up, resolve, reject } = Promise.withResolvers<void>();
  const containerd = component.run({ signal: down.signal, ready: resolve });
  containerd.catch(reject);
  await up;
  const busybox = await readFile('/bin/busybox');
  const { archive } = await busyboxImage(IMAGE, busybox, (await run('busybox', ['--list'])).stdout.split('\n'));
  await writeFile(`${dir}/busybox.tar`, archive);
  await images.importImage(`${dir}/busybox.tar`, { signal: down.signal });

  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const configs = createConfigSource({ client, clock });
  const tokens = createServiceAccountTokens({ client, clock, random: Math.random });
  const events: string[] = [];
  const podsDirectory = `${dir}/pods`;
  const own = cgroups(await detectCgroups());

  async function start(): Promise<{ agent: Agent; stop: () => Promise<void> }> {
    const stop = new AbortController();
    const { signal } = stop;
    const informers = createInformers({ client, clock, log });
    const volumes = createVolumes({
      dir: podsDirectory,
      host: hostVolumeMounts,
      configs,
      claims: createClaimSource({ client }),
      tokens,
      clock,
    });
    const storage = new DiskStorage({ volumes, podsDirectory, logsDirectory: `${dir}/logs`, clock, log });
    const agent = createAgent({
      nodeName: 'n1',
      nodeIps: ['127.0.0.1'],
      client,
      informers,
      runtime,
      facts: () => readNodeFacts(dir),
      kubeletPort: 10250,
      version: 'v1.36.0',
      podCidrsChanged: () => {},
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
      resolvConf: () => readFile('/etc/resolv.conf', 'utf8'),
      hosts: () => readFile('/etc/hosts', 'utf8'),
      storage,
      configs,
      cgroups: own,
      prober: createProber({ runtime, clock }),
      seccompDir: `${dir}/seccomp`,
      event: (_about, _type, reason, message) => void events.push(`${reason}: ${message}`),
      clock,
      random: Math.random,
      log,
    });
    const ready = Promise.withResolvers<void>();
    const runs = Promise.all([
      informers.run({ signal, ready() {} }),
      storage.run({ signal, ready() {} }),
      agent.run({ signal, ready: ready.resolve }),
    ]);
    runs.catch(ready.reject);
    await ready.promise;
    return {
      agent,
      async stop() {
        stop.abort();
        await runs;
      },
    };
  }

  return {
    dir,
    cluster,
    runtime,
    events,
    start,
    async close() {
      const { signal } = new AbortController();
      for (const { id } of await runtime.listPodSandboxes({ signal })) {
        await runtime.stopPodSandbox(id, { signal });
        await runtime.removePodSandbox(id, { signal });
      }
      down.abort();
      await containerd;
      runtime.close();
      await unmountAll((await readMounts()).filter((m) => m.target.startsWith(`${dir}/`)).map((m) => m.target));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function cniConfig(ipamDir: string): string {
  const ipam = { type: 'host-local', dataDir: ipamDir, ranges: [[{ subnet: '10.232.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] };
  const bridge = { type: 'bridge', bridge: 'mkagent0', isGateway: true, ipMasq: false, ipam };
  return JSON.stringify({ cniVersion: '1.0.0', name: 'minik', plugins: [bridge] });
}

const sh = (script: string) => ['/bin/sh', '-c', script];

describe.runIf(process.env.MINIK_E2E === '1')('an agent on containerd', () => {
  let box: Awaited<ReturnType<typeof node>>;
  let live: Awaited<ReturnType<typeof box.start>>;

  beforeAll(async () => {
    box = await node();
    live = await box.start();
  });
  afterAll(async () => {
    await live?.stop();
    await box?.close();
  });

  const { signal } = new AbortController();
  const get = (name: string) => box.cluster.find(pods, `default/${name}`);
  const isReady = (pod: Pod | undefined) => pod?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;

  function add(name: string, spec: PodSpec): void {
    box.cluster.seed<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', uid: `agent-e2e-${name}` },
      spec: { nodeName: 'n1', terminationGracePeriodSeconds: 2, ...spec },
      status: { phase: 'Pending' },
    });
  }

  async function until(what: string, holds: () => boolean): Promise<number> {
    const began = clock.monotonic();
    while (!holds()) {
      if (clock.monotonic() - began > 30_000) throw new Error(`${what} did not come about:\n${box.events.join('\n')}`);
      await clock.sleep(5, { signal });
    }
    return clock.monotonic() - began;
  }

  async function inside(name: string, script: string): Promise<string> {
    const id = live.agent.directory.container('default', name, 'app')?.id ?? '';
    const { stdout, stderr } = await box.runtime.execSync(id, sh(script), 5, { signal });
    return stdout.toString('utf8') + stderr.toString('utf8');
  }

  test('the node is Ready', () => {
    expect(box.cluster.find(nodes, 'n1')?.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  });

  test('a pod comes up with its volumes, environment, hosts file and DNS', async () => {
    box.cluster.seed(configMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { colour: 'red' } });
    box.cluster.seed(secrets, { metadata: { name: 'key', namespace: 'default' }, data: { word: btoa('open') } });
    add('web', {
      securityContext: { fsGroup: 2000 },
      containers: [
        {
          name: 'app',
          image: IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: sh('trap "exit 0" TERM; echo up; while :; do sleep 0.1; done'),
          env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          resources: { limits: { memory: '64Mi', cpu: '500m' } },
          volumeMounts: [
            { name: 'config', mountPath: '/config' },
            { name: 'config', mountPath: '/one', subPath: 'colour' },
            { name: 'secret', mountPath: '/secret' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
          readinessProbe: { exec: { command: ['true'] } },
        },
      ],
      volumes: [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'secret', secret: { secretName: 'key' } },
        { name: 'scratch', emptyDir: {} },
      ],
    });
    const took = await until('web is Ready', () => isReady(get('web')));
    console.log(JSON.stringify({ figure: 'create to Ready with volumes and an exec probe', ms: Math.round(took) }));
    const ip = get('web')?.status?.podIP ?? '';
    expect(ip).toMatch(/^10\.232\.0\./);
    expect(await inside('web', 'cat /config/colour /one /secret/word; echo; echo $POD_IP; id -G; touch /scratch/x')).toBe(
      `redredopen\n${ip}\n0 2000\n`,
    );
    expect(await inside('web', 'cat /etc/hosts')).toContain(`${ip}\tweb`);
    expect(await inside('web', 'cat /etc/resolv.conf')).toContain('nameserver 10.43.0.10');
    const log = live.agent.directory.container('default', 'web', 'app')?.logPath ?? '';
    expect(await readFile(log, 'utf8')).toContain('stdout F up');
  });

  test('a plain pod is Ready in well under a second', async () => {
    add('plain', { containers: [{ name: 'app', image: IMAGE, imagePullPolicy: 'IfNotPresent', command: ['sleep', '1000'] }] });
    const took = await until('plain is Ready', () => isReady(get('plain')));
    console.log(JSON.stringify({ figure: 'create to Ready', ms: Math.round(took) }));
    expect(get('plain')?.status?.phase).toBe('Running');
  });

  test('a container that fails leaves its termination message and is restarted', async () => {
    const command = sh('echo broken > /dev/termination-log; exit 3');
    add('bad', { containers: [{ name: 'app', image: IMAGE, imagePullPolicy: 'IfNotPresent', command }] });
    await until('bad backs off', () => get('bad')?.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff');
    const status = get('bad')?.status?.containerStatuses?.[0];
    expect(status?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'broken\n' });
    expect(status?.restartCount).toBeGreaterThanOrEqual(1);
  });

  test('init containers run first and a finished pod is Succeeded', async () => {
    const image = { image: IMAGE, imagePullPolicy: 'IfNotPresent' };
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    add('job', {
      restartPolicy: 'Never',
      initContainers: [{ name: 'first', ...image, command: sh('echo 1 > /shared/a'), volumeMounts }],
      containers: [{ name: 'app', ...image, command: sh('test -f /shared/a'), volumeMounts }],
      volumes: [{ name: 'shared', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }],
    });
    await until('job has succeeded', () => get('job')?.status?.phase === 'Succeeded');
  });

  test('a restarted agent takes running containers over as they are', async () => {
    const before = live.agent.directory.container('default', 'web', 'app')?.id;
    await live.stop();
    live = await box.start();
    await until('web is known', () => live.agent.directory.container('default', 'web', 'app') !== undefined);
    await clock.sleep(500, { signal });
    expect(live.agent.directory.container('default', 'web', 'app')).toMatchObject({ id: before, running: true });
    expect(isReady(get('web'))).toBe(true);
    expect(get('web')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  });

  test('deleted pods go without a trace', async () => {
    for (const name of ['web', 'plain', 'bad', 'job']) {
      await box.cluster.client.delete(pods, name, { namespace: 'default', signal, delete: { gracePeriodSeconds: 2 } });
    }
    await until('all pods are gone', () => ['web', 'plain', 'bad', 'job'].every((name) => get(name) === undefined));
    expect(await box.runtime.listPodSandboxes({ signal })).toEqual([]);
    expect((await readMounts()).filter((m) => m.target.startsWith(`${box.dir}/pods`))).toEqual([]);
    const { stdout } = await run('find', [`${box.dir}/pods`, `${box.dir}/logs`, '-mindepth', '1']);
    expect(stdout).toBe('');
  });
});
