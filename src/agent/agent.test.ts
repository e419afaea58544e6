import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, nodes, pods, services } from '../api/index.ts';
import type { Container, Pod, PodSpec } from '../api/schema/generated/types.ts';
import type { Clock } from '../base/clock.ts';
import { type FakeClock, fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { type FakeCluster, fakeCluster } from '../client/fake-client.ts';
import { createInformers } from '../client/informer.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { type ContainerConfig, type Runtime, RuntimeError } from '../runtime/runtime.ts';
import { type Agent, createAgent } from './agent.ts';
import { DiskStorage } from './pods/disk-storage.ts';
import { FakeStorage } from './pods/fake-storage.ts';
import { noCgroups } from './pods/ports.ts';
import type { StartupSeconds } from './pods/startup.ts';
import { createProber } from './probes/prober.ts';
import { createConfigSource } from './volumes/config-source.ts';

const facts = async () => ({
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6.1',
  osImage: 'Debian',
  architecture: 'amd64',
  cpuCount: 2,
  swapBytes: 0,
  memoryBytes: 4 << 30,
  storageBytes: 10 << 30,
  hugePages: {},
});

interface Happened {
  readonly reason: string;
  readonly message: string;
}

/** A whole node in memory: the cluster, the runtime and their time are fake, the agent is not. */
class Box {
  readonly clock: FakeClock = fakeClock();
  readonly cluster: FakeCluster = fakeCluster({ clock: this.clock });
  readonly created: ContainerConfig[] = [];
  healthy = true;
  /** Calls that fail as they do when nobody answers on the runtime's socket. */
  outage: (call: keyof Runtime) => boolean = () => false;
  readonly runtime = new FakeRuntime({
    clock: this.clock,
    fault: (call) => (this.outage(call) ? new RuntimeError('Unavailable', 'no connection') : undefined),
    images: ['app:1', 'init:1'],
    podCidr: '10.42.0.0/24',
    outcome: (container) => {
      this.created.push(container);
      return container.image.includes('init') || container.metadata.name.startsWith('job')
        ? { does: 'exit', afterMs: 10, exitCode: container.metadata.name === 'job-fail' ? 1 : 0 }
        : { does: 'run' };
    },
    execSync: () => ({ stdout: Buffer.from('no'), stderr: Buffer.alloc(0), exitCode: this.healthy ? 0 : 1 }),
  });
  /** What the agent takes for the time. */
  agentClock: Clock = this.clock;
  readonly storage = new FakeStorage();
  readonly events: Happened[] = [];
  /** Seconds, as the node's metrics are told. */
  readonly starts: number[] = [];
  readonly startups: StartupSeconds[] = [];
  relists = 0;
  agent: Agent | undefined;
  #stop = new AbortController();
  #runs: Promise<unknown> = Promise.resolve();

  async start(): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    const { agentClock: clock, runtime, storage } = this;
    const { client } = this.cluster;
    const informers = createInformers({ client, clock, log: silentLogger });
    const agent = createAgent({
      nodeName: 'n1',
      nodeIps: ['192.0.2.1'],
      client,
      informers,
      runtime,
      facts,
      kubeletPort: 10250,
      version: 'v1.36.0',
      podCidrsChanged: () => {},
      clusterDns: ['10.43.0.10'],
      clusterDomain: 'cluster.local',
      resolvConf: async () => 'nameserver 192.0.2.53\n',
      hosts: async () => '',
      storage,
      configs: createConfigSource({ client, clock }),
      cgroups: noCgroups,
      prober: createProber({ runtime, clock }),
      observer: {
        podStarted: (seconds) => void this.starts.push(seconds),
        startupSeen: (seconds) => void this.startups.push(seconds),
        workerStarted: () => {},
        relisted: () => {
          this.relists += 1;
        },
      },
      seccompDir: '/seccomp',
      event: (_about, _type, reason, message) => void this.events.push({ reason, message }),
      clock,
      random: () => 0.5,
      log: silentLogger,
    });
    this.agent = agent;
    this.#runs = Promise.all([informers.run({ signal, ready() {} }), agent.run({ signal, ready() {} })]);
    await this.clock.advance(500);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#runs;
  }

  add(spec: Partial<PodSpec>, name = 'p'): void {
    this.cluster.seed<Pod>(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', uid: `uid-${name}` },
      spec: { nodeName: 'n1', containers: [app()], terminationGracePeriodSeconds: 5, ...spec },
      status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
  }
  pod = (name = 'p') => this.cluster.find(pods, `default/${name}`);
  condition = (type: string) => this.pod()?.status?.conditions?.find((c) => c.type === type)?.status;
  containers = () => this.runtime.listContainers({ signal: new AbortController().signal });
}

const app = (more: Partial<Container> = {}): Container => ({ name: 'app', image: 'app:1', imagePullPolicy: 'IfNotPresent', ...more });

let box: Box;
beforeEach(async () => {
  box = new Box();
});
afterEach(() => box.stop());

describe('a node with a fake runtime', () => {
  it('registers itself and becomes Ready', async () => {
    await box.start();
    const node = box.cluster.find(nodes, 'n1');
    expect(node?.status?.conditions?.find((c) => c.type === 'Ready')?.status).toBe('True');
  });

  it('goes on when the runtime goes away just as the agent begins to listen to it', async () => {
    let lists = 0;
    box.outage = (call) => {
      if (call === 'listContainers') lists += 1;
      return call === 'events' || (call === 'listContainers' && lists > 1);
    };
    await box.start();
    expect(lists).toBeGreaterThan(1);
    box.outage = () => false;
    await box.clock.advance(10_000);
    box.add({});
    await box.clock.advance(200);
    expect(box.condition('Ready')).toBe('True');
  });

  it('tries again to mount even when a timer fires early and time passes while the pod is looked at', async () => {
    let driftMs = 0;
    const timer: Clock['timer'] = (ms, fn) => box.clock.timer(Math.max(1, ms - 2), fn);
    const now = () => {
      driftMs += 1;
      return box.clock.now() + driftMs;
    };
    box.agentClock = { ...box.clock, now, timer };
    await box.start();
    const { mount } = box.storage;
    box.storage.mount = async () => {
      throw new Error('configmap "coming" not found');
    };
    box.add({});
    await box.clock.advance(30_000);
    expect(box.condition('Ready')).not.toBe('True');
    box.storage.mount = mount;
    await box.clock.advance(200_000);
    expect(box.condition('Ready')).toBe('True');
  });

  it('starts nothing of a pod whose devices cannot be made ready, and says why', async () => {
    await box.start();
    const options = { volumes: {} as never, podsDirectory: '/none', logsDirectory: '/none', clock: box.clock, log: silentLogger };
    const disk = new DiskStorage(options);
    box.storage.mount = (pod) => disk.mount(pod, { signal: new AbortController().signal });
    box.add({ resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] });
    await box.clock.advance(1000);
    expect(box.condition('Ready')).not.toBe('True');
    const message = 'Failed to prepare dynamic resources: DRA drivers cannot register with this node yet';
    expect(box.events).toContainEqual({ reason: 'FailedPrepareDynamicResources', message });
    const status = { extendedResourceClaimStatus: { resourceClaimName: 'c', requestMappings: [] } };
    await expect(disk.mount({ metadata: {}, spec: { containers: [] }, status }, { signal: new AbortController().signal })).rejects.toThrow(
      message,
    );
  });

  it('runs a pod until it is Ready and says so in its status', async () => {
    await box.start();
    box.add({});
    await box.clock.advance(200);
    const status = box.pod()?.status;
    expect(status).toMatchObject({ phase: 'Running', hostIP: '192.0.2.1', podIP: expect.stringMatching(/^10\.42\.0\./) });
    expect(box.condition('Ready')).toBe('True');
    expect(box.condition('PodScheduled')).toBe('True');
    expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0, state: { running: {} } });
    expect(box.events.map((e) => e.reason)).toEqual(expect.arrayContaining(['Pulled', 'Created', 'Started']));
  });

  it('tells once how long a pod took to run, and of every list of the runtime', async () => {
    await box.start();
    box.add({ initContainers: [{ ...app(), name: 'job-init' }] });
    await box.clock.advance(60_000);
    expect(box.condition('Ready')).toBe('True');
    expect(box.starts).toHaveLength(1);
    expect(box.starts[0]).toBeGreaterThanOrEqual(0.01);
    expect(box.starts[0]).toBeLessThan(1);
    expect(box.relists).toBe(3);
    await box.stop();
    await box.start();
    expect(box.starts).toHaveLength(1);
  });

  it('gives containers their environment: services, ConfigMaps, fields and references between them', async () => {
    box.cluster.seed(services, {
      metadata: { name: 'kubernetes', namespace: 'default' },
      spec: { clusterIP: '10.43.0.1', ports: [{ name: 'https', port: 443 }] },
    });
    box.cluster.seed(configMaps, { metadata: { name: 'settings', namespace: 'default' }, data: { COLOUR: 'red' } });
    await box.start();
    const env = [
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'URL', value: 'https://$(KUBERNETES_SERVICE_HOST)/$(COLOUR)/$$(X)' },
    ];
    box.add({ containers: [app({ env, envFrom: [{ configMapRef: { name: 'settings' } }], command: ['run', '$(COLOUR)'] })] });
    await box.clock.advance(200);
    const config = box.created.at(-1);
    const values = new Map(config?.env.map((e) => [e.key, e.value]));
    expect(values.get('URL')).toBe('https://10.43.0.1/red/$(X)');
    expect(values.get('IP')).toBe(box.pod()?.status?.podIP);
    expect(values.get('KUBERNETES_PORT_443_TCP_ADDR')).toBe('10.43.0.1');
    expect(config?.command).toEqual(['run', 'red']);
  });

  it('waits with CreateContainerConfigError for a ConfigMap that is not there, and goes on when it comes', async () => {
    await box.start();
    box.add({ containers: [app({ envFrom: [{ configMapRef: { name: 'late' } }] })] });
    await box.clock.advance(200);
    const waiting = () => box.pod()?.status?.containerStatuses?.[0]?.state?.waiting;
    expect(waiting()).toEqual({ reason: 'CreateContainerConfigError', message: 'configmap "late" not found' });
    box.cluster.seed(configMaps, { metadata: { name: 'late', namespace: 'default' }, data: {} });
    await box.clock.advance(11_000);
    expect(box.condition('Ready')).toBe('True');
  });

  it('runs init containers first', async () => {
    await box.start();
    box.add({ initContainers: [{ ...app(), name: 'job-init' }] });
    await box.clock.advance(5);
    expect(box.condition('Initialized')).toBe('False');
    await box.clock.advance(500);
    expect(box.created.map((c) => c.metadata.name)).toEqual(['job-init', 'app']);
    expect(box.condition('Ready')).toBe('True');
    expect(box.pod()?.status?.initContainerStatuses?.[0]).toMatchObject({ ready: true, state: { terminated: { reason: 'Completed' } } });
  });

  it('ends a pod whose containers are done as Succeeded, and gives its resources back', async () => {
    await box.start();
    box.add({ restartPolicy: 'Never', containers: [app({ name: 'job' })] });
    await box.clock.advance(500);
    expect(box.pod()?.status).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] });
    expect(box.storage.mounted.size).toBe(0);
  });

  it('refuses a pod that the node has no place for, and takes one again when the place is free', async () => {
    const port = (hostIP = '') => ({ containers: [app({ ports: [{ containerPort: 80, hostPort: 8080, hostIP, protocol: 'TCP' }] })] });
    await box.start();
    box.add(port());
    await box.clock.advance(200);
    box.add(port('127.0.0.1'), 'second');
    box.add({ nodeSelector: { disk: 'fast' } }, 'elsewhere');
    box.add({ securityContext: { sysctls: [{ name: 'kernel.sem', value: '1' }] } }, 'unsafe');
    await box.clock.advance(200);
    const why = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports";
    expect(box.pod('second')?.status).toMatchObject({ phase: 'Failed', reason: 'NodePorts', message: `Pod was rejected: ${why}` });
    expect(box.pod('elsewhere')?.status).toMatchObject({ phase: 'Failed', reason: 'NodeAffinity' });
    expect(box.pod('unsafe')?.status).toMatchObject({ phase: 'Failed', reason: 'SysctlForbidden' });
    expect(box.events).toContainEqual({ reason: 'NodePorts', message: why });
    expect(box.pod()?.status?.phase).toBe('Running');
    await box.cluster.client.delete(pods, 'p', { namespace: 'default', signal: new AbortController().signal });
    await box.clock.advance(6000);
    box.add(port(), 'third');
    await box.clock.advance(200);
    expect(box.pod('third')?.status?.phase).toBe('Running');
  });

  const asking = (cpu: string, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
    containers: [app({ resources: { requests: { cpu } } })],
    ...more,
  });

  it('refuses a pod that asks for more than is left, and counts a pod no more once its containers are down', async () => {
    await box.start();
    box.add(asking('1500m'));
    await box.clock.advance(200);
    box.add(asking('600m'), 'second');
    await box.clock.advance(200);
    const why = "Node didn't have enough resource: cpu, requested: 600, used: 1500, capacity: 2000";
    expect(box.pod('second')?.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu', message: `Pod was rejected: ${why}` });
    expect(box.pod('second')?.status).not.toHaveProperty('containerStatuses');
    expect(box.events).toContainEqual({ reason: 'OutOfcpu', message: why });
    await box.cluster.client.delete(pods, 'p', { namespace: 'default', signal: new AbortController().signal });
    await box.clock.advance(6000);
    box.add(asking('2'), 'third');
    await box.clock.advance(200);
    expect(box.pod('third')?.status?.phase).toBe('Running');
  });

  it('lets in again what ran before the agent did, whatever it asks for, before what is new', async () => {
    await box.start();
    box.add(asking('1500m'), 'running');
    await box.clock.advance(200);
    await box.stop();
    box.cluster.seed<Pod>(pods, { ...(box.pod('running') as Pod), spec: { ...asking('3'), nodeName: 'n1' } as PodSpec });
    box.add(asking('600m'), 'a-new-one');
    await box.start();
    await box.clock.advance(500);
    expect(box.pod('running')?.status?.phase).toBe('Running');
    expect(box.pod('a-new-one')?.status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' });
  });

  it('has a weaker pod go for a critical one, and starts that when the other is down', async () => {
    await box.start();
    box.add(asking('1500m'), 'weak');
    await box.clock.advance(200);
    const stop = box.runtime.stopContainer.bind(box.runtime);
    box.runtime.stopContainer = async (...args) => {
      await box.clock.sleep(2000, { signal: new AbortController().signal });
      return stop(...args);
    };
    box.add(asking('1', { priority: 2_000_000_000 }), 'critical');
    box.add(asking('400m'), 'later');
    await box.clock.advance(1000);
    expect(box.pod('critical')?.status?.phase).toBe('Pending');
    expect(box.created).toHaveLength(1);
    await box.clock.advance(3000);
    const message = 'Preempted in order to admit critical pod';
    expect(box.pod('weak')?.status).toMatchObject({ phase: 'Failed', reason: 'Preempting', message });
    expect(box.pod('weak')?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    expect(box.events).toContainEqual({ reason: 'Preempting', message });
    expect(box.pod('critical')?.status?.phase).toBe('Running');
    expect(box.pod('later')?.status?.phase).toBe('Running');
  });

  it('measures the start of a pod, without pulls and init containers, once the API shows it', async () => {
    const pull = box.runtime.pullImage.bind(box.runtime);
    box.runtime.pullImage = async (...args) => {
      await box.agentClock.sleep(3000, { signal: new AbortController().signal });
      return pull(...args);
    };
    box.add({ initContainers: [app({ name: 'job-prepare', image: 'init:1', imagePullPolicy: 'Always' })] });
    const born = box.pod();
    box.cluster.seed<Pod>(pods, {
      ...born,
      metadata: { ...born?.metadata, creationTimestamp: new Date(box.clock.now()).toISOString() },
    } as Pod);
    await box.start();
    await box.clock.advance(20_000);
    expect(box.condition('Ready')).toBe('True');
    expect(box.startups).toHaveLength(1);
    const [{ total, sli = Number.NaN }] = box.startups as [StartupSeconds];
    expect(total).toBeGreaterThan(3);
    expect(total - sli).toBeGreaterThanOrEqual(3);
    expect(sli).toBeGreaterThanOrEqual(0);
    box.cluster.seed<Pod>(pods, { ...box.pod(), metadata: { ...box.pod()?.metadata, labels: { a: 'b' } } } as Pod);
    await box.clock.advance(5000);
    expect(box.startups).toHaveLength(1);
  });

  it('shows ImagePullBackOff while it waits to pull an image again, and pulls it when the time has come', async () => {
    let isThere = false;
    const pull = box.runtime.pullImage.bind(box.runtime);
    let pulls = 0;
    box.runtime.pullImage = async (...args) => {
      pulls += 1;
      if (!isThere) throw new RuntimeError('NotFound', 'no such image');
      return pull(...args);
    };
    await box.start();
    box.add({ containers: [app({ image: 'late:1' })] });
    const waiting = () => box.pod()?.status?.containerStatuses?.[0]?.state?.waiting;
    await box.clock.advance(500);
    expect(waiting()).toEqual({ reason: 'ErrImagePull', message: 'no such image' });
    await box.clock.advance(1000);
    expect(waiting()).toEqual({
      reason: 'ImagePullBackOff',
      message: 'Back-off pulling image "late:1": ErrImagePull: no such image',
    });
    isThere = true;
    await box.clock.advance(8000);
    expect([waiting()?.reason, pulls]).toEqual(['ImagePullBackOff', 1]);
    await box.clock.advance(2000);
    expect([box.condition('Ready'), pulls]).toEqual(['True', 2]);
  });

  it('shows CrashLoopBackOff with the last end of a container that keeps failing', async () => {
    await box.start();
    box.add({ containers: [app({ name: 'job-fail' })] });
    await box.clock.advance(500);
    expect(box.pod()?.status?.containerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      state: {
        waiting: { reason: 'CrashLoopBackOff', message: expect.stringContaining('back-off 10s restarting failed container=job-fail') },
      },
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
    expect(box.events).toContainEqual(expect.objectContaining({ reason: 'BackOff' }));
  });

  it('takes readiness from its probe', async () => {
    box.healthy = false;
    await box.start();
    box.add({ containers: [app({ readinessProbe: { exec: { command: ['ok'] }, periodSeconds: 1 } })] });
    await box.clock.advance(200);
    expect(box.pod()?.status?.phase).toBe('Running');
    expect(box.condition('Ready')).toBe('False');
    box.healthy = true;
    await box.clock.advance(1000);
    expect(box.condition('Ready')).toBe('True');
  });

  it('restarts a container whose liveness probe fails', async () => {
    await box.start();
    box.add({ containers: [app({ livenessProbe: { exec: { command: ['ok'] }, periodSeconds: 1, failureThreshold: 2 } })] });
    await box.clock.advance(200);
    box.healthy = false;
    await box.clock.advance(2500);
    box.healthy = true;
    await box.clock.advance(8000);
    expect(box.pod()?.status?.containerStatuses?.[0]?.restartCount).toBe(1);
    expect(box.events).toContainEqual({ reason: 'Killing', message: 'Container app failed liveness probe, will be restarted' });
  });

  it('stops a deleted pod, then removes it from the runtime and from the API', async () => {
    await box.start();
    box.add({});
    await box.clock.advance(200);
    const signal = new AbortController().signal;
    await box.cluster.client.delete(pods, 'p', { namespace: 'default', signal });
    await box.clock.advance(10_000);
    expect(box.pod()).toBeUndefined();
    expect(await box.containers()).toEqual([]);
    expect(await box.runtime.listPodSandboxes({ signal })).toEqual([]);
    expect(box.storage.mounted.size).toBe(0);
  });

  it('leaves containers alone over a restart of the agent, and takes them over', async () => {
    await box.start();
    box.add({});
    await box.clock.advance(200);
    const [before] = await box.containers();
    await box.stop();
    await box.start();
    await box.clock.advance(31_000);
    expect((await box.containers()).map((c) => c.id)).toEqual([before?.id]);
    expect(box.condition('Ready')).toBe('True');
    expect(box.agent?.directory.container('default', 'p', 'app')).toMatchObject({ id: before?.id, running: true });
  });

  const resize = (resources: object, name = 'p', more: Partial<Container> = {}) => {
    const pod = box.pod(name) as Pod;
    const generation = (pod.metadata?.generation ?? 1) + 1;
    const spec = { ...pod.spec, containers: [app({ ...more, resources })] } as PodSpec;
    box.cluster.seed<Pod>(pods, { ...pod, metadata: { ...pod.metadata, generation }, spec });
  };
  const resourcesNow = (name = 'p') => {
    const status = box.pod(name)?.status?.containerStatuses?.[0];
    return { allocated: status?.allocatedResources, actual: status?.resources, restarts: status?.restartCount };
  };

  it('gives a running container other resources in place, and says so when it has them', async () => {
    await box.start();
    box.add(asking('500m'));
    await box.clock.advance(200);
    const [before] = await box.containers();
    const given: object[] = [];
    const update = box.runtime.updateContainerResources.bind(box.runtime);
    box.runtime.updateContainerResources = async (id, limits, options) => {
      expect(resourcesNow()).toMatchObject({ allocated: { cpu: '500m' }, actual: { requests: { cpu: '500m' } } });
      given.push({ id, ...limits });
      return update(id, limits, options);
    };
    resize({ requests: { cpu: '1' }, limits: { memory: '64Mi' } });
    await box.clock.advance(200);
    expect(given).toEqual([{ id: before?.id, cpuShares: 1024, memoryLimitBytes: 64 << 20 }]);
    const actual = { requests: { cpu: '1' }, limits: { memory: '64Mi' } };
    expect(resourcesNow()).toEqual({ allocated: { cpu: '1' }, actual, restarts: 0 });
    expect(box.condition('PodResizeInProgress')).toBeUndefined();
    const summary = `{"containers":[{"name":"app","resources":${JSON.stringify({ requests: { cpu: '1' }, limits: { memory: '64Mi' } })}}],"generation":2}`;
    expect(box.events).toContainEqual({ reason: 'ResizeStarted', message: `Pod resize started: ${summary}` });
    expect(box.events).toContainEqual({ reason: 'ResizeCompleted', message: `Pod resize completed: ${summary}` });
  });

  it('restarts a container to resize it when its policy says so, even one that need not run again', async () => {
    await box.start();
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    box.add({
      ...asking('500m'),
      containers: [app({ resizePolicy, resources: { requests: { cpu: '500m' } } })],
      restartPolicy: 'OnFailure',
    });
    await box.clock.advance(200);
    resize({ requests: { cpu: '1' } }, 'p', { resizePolicy });
    await box.clock.advance(6000);
    expect(box.events).toContainEqual({ reason: 'Killing', message: 'Container app resize requires restart' });
    expect(resourcesNow()).toEqual({ allocated: { cpu: '1' }, actual: { requests: { cpu: '1' } }, restarts: 1 });
    expect(box.created.at(-1)?.linux.resources.cpuShares).toBe(1024);
    expect(box.pod()?.status?.phase).toBe('Running');
  });

  it('puts off a resize that there is no room for, also over its restart, until there is', async () => {
    await box.start();
    box.add(asking('1500m'), 'other');
    box.add(asking('250m'));
    await box.clock.advance(200);
    resize({ requests: { cpu: '1' } });
    await box.clock.advance(200);
    const message = "Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000";
    const deferred = { type: 'PodResizePending', status: 'True', reason: 'Deferred', message, observedGeneration: 2 };
    expect(box.pod()?.status?.conditions).toContainEqual(expect.objectContaining(deferred));
    expect(resourcesNow()).toMatchObject({ allocated: { cpu: '250m' }, actual: { requests: { cpu: '250m' } } });
    await box.stop();
    await box.start();
    await box.clock.advance(200);
    expect(box.pod()?.status?.conditions).toContainEqual(expect.objectContaining(deferred));
    expect(resourcesNow()).toMatchObject({ allocated: { cpu: '250m' }, actual: { requests: { cpu: '250m' } } });
    await box.cluster.client.delete(pods, 'other', { namespace: 'default', signal: new AbortController().signal });
    await box.clock.advance(6000);
    expect(box.condition('PodResizePending')).toBeUndefined();
    expect(resourcesNow()).toEqual({ allocated: { cpu: '1' }, actual: { requests: { cpu: '1' } }, restarts: 0 });
  });

  it('tries again to resize when the runtime refuses, and says meanwhile why', async () => {
    await box.start();
    box.add(asking('500m'));
    await box.clock.advance(200);
    box.outage = (call) => call === 'updateContainerResources';
    resize({ requests: { cpu: '1' } });
    await box.clock.advance(500);
    const error = { type: 'PodResizeInProgress', status: 'True', reason: 'Error', message: 'no connection' };
    expect(box.pod()?.status?.conditions).toContainEqual(expect.objectContaining(error));
    expect(resourcesNow()).toMatchObject({ allocated: { cpu: '1' }, actual: { requests: { cpu: '500m' } } });
    box.outage = () => false;
    await box.clock.advance(2000);
    expect(box.condition('PodResizeInProgress')).toBeUndefined();
    expect(resourcesNow()).toMatchObject({ actual: { requests: { cpu: '1' } } });
  });

  it('lowers no memory limit below what is in use', async () => {
    await box.start();
    box.add({ containers: [app({ resources: { limits: { memory: '64Mi' } } })] });
    await box.clock.advance(200);
    const [before] = await box.containers();
    const stats = await box.runtime.containerStats({ signal: new AbortController().signal });
    box.runtime.containerStats = async () => stats.map((s) => ({ ...s, memoryUsageBytes: 40 << 20 }));
    resize({ limits: { memory: '32Mi' } });
    await box.clock.advance(500);
    const message =
      'cannot decrease memory limits: attempting to set container "app" memory limit (33554432) below current usage (41943040)';
    expect(box.pod()?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'PodResizeInProgress', reason: 'Error', message }),
    );
    box.runtime.containerStats = async () => stats.map((s) => ({ ...s, memoryUsageBytes: 10 << 20 }));
    await box.clock.advance(2000);
    expect(resourcesNow()).toMatchObject({ actual: { limits: { memory: '32Mi' } }, restarts: 0 });
    expect((await box.containers()).map((c) => c.id)).toEqual([before?.id]);
  });

  it('removes what is left of pods that were deleted while the agent was away', async () => {
    await box.start();
    box.add({});
    await box.clock.advance(200);
    await box.stop();
    const signal = new AbortController().signal;
    await box.cluster.client.delete(pods, 'p', { namespace: 'default', signal, delete: { gracePeriodSeconds: 0 } });
    await box.start();
    await box.clock.advance(5000);
    expect(await box.containers()).toEqual([]);
  });

  it('notices an end that the runtime sent no event for', async () => {
    await box.start();
    box.add({ restartPolicy: 'Never' });
    await box.clock.advance(200);
    const [container] = await box.containers();
    await box.runtime.removeContainer(container?.id ?? '', { signal: new AbortController().signal });
    await box.clock.advance(31_000);
    expect(box.pod()?.status?.phase).toBe('Failed');
  });

  it('writes nothing about a pod when nothing changes', async () => {
    await box.start();
    box.add({});
    await box.clock.advance(1000);
    const before = box.cluster.writes.filter((w) => w.includes('pods')).length;
    await box.clock.advance(120_000);
    expect(box.cluster.writes.filter((w) => w.includes('pods'))).toHaveLength(before);
    expect(before).toBeLessThanOrEqual(4);
  });

  it('makes few sandboxes at the same time, so that the first pods need not wait for the last', async () => {
    const make = box.runtime.runPodSandbox.bind(box.runtime);
    let [underWay, most] = [0, 0];
    box.runtime.runPodSandbox = async (config, options) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await box.clock.sleep(100, options);
      underWay -= 1;
      return make(config, options);
    };
    const count = 6 * availableParallelism();
    for (let i = 0; i < count; i += 1) box.add({}, `p${i}`);
    await box.start();
    for (let i = 0; i < 6; i += 1) await box.clock.advance(200);
    expect(most).toBe(2 * availableParallelism());
    expect(await box.containers()).toHaveLength(count);
  });
});
