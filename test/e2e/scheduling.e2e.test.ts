import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Pod, PodList, PodSpec } from '../../src/api/schema/generated/types.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { container, deployment, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-scheduling-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
let dev: ChildProcess;
let exited: Promise<number | null>;

/** Three fake nodes of 8 cores and 32 GiB. */
beforeAll(async () => {
  const args = ['dev', '--data-dir', directory, '--https-listen-port', '7444', '--nodes', '3'];
  dev = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => dev.once('exit', resolve));
  const isReady = async () => existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok';
  await eventually('it is ready', isReady);
  await eventually('its nodes are', async () => ((await ns.run('get', 'nodes')).match(/\sReady\s/g) ?? []).length === 3);
  for (const [name, value] of [
    ['low', '100'],
    ['high', '1000'],
  ] as const)
    await ns.run('create', 'priorityclass', name, `--value=${value}`);
});
afterEach(() => ns.run('delete', 'deployments,replicasets,pods', '--all', '--grace-period=0', '--force', '--timeout=60s'));
afterAll(async () => {
  dev.kill('SIGKILL');
  await exited;
  rmSync(directory, { recursive: true, force: true });
});

const asking = (requests: Record<string, string>, more: Partial<PodSpec> = {}): Partial<PodSpec> => ({
  containers: [container(SLEEP, { resources: { requests } })],
  ...more,
});
const on = (node: string) => ({ nodeSelector: { 'kubernetes.io/hostname': node } });
const nodeOf = (name: string) => ns.run('get', 'pod', name, '-o', 'jsonpath={.spec.nodeName}');
const scheduled = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled');
const refusedWith = async (name: string) =>
  scheduled(await ns.until<Pod>(`${name} is refused`, `pod/${name}`, (p) => scheduled(p)?.reason === 'Unschedulable'))?.message;

test('a node selector is respected, when a node matches and when none does', async () => {
  await ns.run('label', 'node', 'fake-1', 'disk=ssd');
  await ns.apply(pod('picky', { nodeSelector: { disk: 'ssd' } }), pod('hopeless', { nodeSelector: { disk: 'tape' } }));
  await ns.podReady('picky');
  expect(await nodeOf('picky')).toBe('fake-1');
  expect(await refusedWith('hopeless')).toBe(
    "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
  );
  await ns.run('label', 'node', 'fake-2', 'disk=tape');
  await ns.podReady('hopeless');
  expect(await ns.run('describe', 'pod', 'hopeless')).toMatch(/FailedScheduling[\s\S]*Successfully assigned default\/hopeless to fake-2/);
});

test('pods that ask for more than is left wait', async () => {
  await ns.apply(pod('large', asking({ cpu: '5' }, on('fake-0'))));
  await ns.podReady('large');
  await ns.apply(pod('second', asking({ cpu: '5' }, on('fake-0'))));
  expect(await refusedWith('second')).toContain("1 Insufficient cpu, 2 node(s) didn't match Pod's node affinity/selector.");
  await ns.run('delete', 'pod', 'large', '--grace-period=0', '--force');
  await ns.podReady('second');
});

test('a node refuses a pod that names it and does not fit, and has others go for a critical one', async () => {
  await ns.apply(pod('large', asking({ cpu: '5' }, { nodeName: 'fake-0' })));
  await ns.podReady('large');
  await ns.apply(pod('second', asking({ cpu: '5' }, { nodeName: 'fake-0' })));
  const { status } = await ns.until<Pod>('second is refused', 'pod/second', (p) => p.status?.phase === 'Failed');
  const why = "Node didn't have enough resource: cpu, requested: 5000, used: 5000, capacity: 8000";
  expect(status).toMatchObject({ reason: 'OutOfcpu', message: `Pod was rejected: ${why}` });
  expect(await ns.run('get', 'pod', 'second', '--no-headers')).toContain('OutOfcpu');
  expect(await ns.run('describe', 'pod', 'second')).toMatch(/Warning\s+OutOfcpu\s.*kubelet\s+Node didn't have enough resource: cpu/);
  await ns.apply(pod('critical', { ...asking({ cpu: '5' }, { nodeName: 'fake-0' }), priorityClassName: 'system-node-critical' }));
  await ns.podReady('critical');
  const large = await ns.json<Pod>('get', 'pod/large');
  expect(large.status).toMatchObject({ phase: 'Failed', reason: 'Preempting', message: 'Preempted in order to admit critical pod' });
});

test('tainted nodes take those that tolerate it', async () => {
  for (const name of ['fake-0', 'fake-1', 'fake-2']) await ns.run('taint', 'node', name, 'for=some:NoSchedule');
  const tolerations = [{ key: 'for', operator: 'Exists' }];
  await ns.apply(pod('any'), pod('some', { tolerations }));
  await ns.podReady('some');
  expect(await refusedWith('any')).toContain('0/3 nodes are available: 3 node(s) had untolerated taint(s).');
  for (const name of ['fake-0', 'fake-1', 'fake-2']) await ns.run('taint', 'node', name, 'for-');
  await ns.podReady('any');
});

test('a host port is given once a node, and again under another address or protocol', async () => {
  const ports = (hostIP: string | undefined, protocol = 'TCP') => ({
    containers: [container(SLEEP, { ports: [{ containerPort: 8080, hostPort: 54321, protocol, ...(hostIP && { hostIP }) }] })],
    ...on('fake-0'),
  });
  await ns.apply(pod('one', ports('127.0.0.1')));
  await ns.podReady('one');
  await ns.apply(
    pod('other-address', ports('127.0.0.2')),
    pod('other-protocol', ports('127.0.0.1', 'UDP')),
    pod('any-address', ports(undefined)),
  );
  await ns.podReady('other-address');
  await ns.podReady('other-protocol');
  expect(await refusedWith('any-address')).toContain("1 node(s) didn't have free ports for the requested pod ports");
});

test('a host port of all addresses is no longer free at one of them', async () => {
  const ports = (hostIP: string | undefined) => ({
    containers: [container(SLEEP, { ports: [{ containerPort: 8080, hostPort: 54322, protocol: 'TCP', ...(hostIP && { hostIP }) }] })],
    ...on('fake-0'),
  });
  await ns.apply(pod('all-addresses', ports(undefined)));
  await ns.podReady('all-addresses');
  await ns.apply(pod('one-address', ports('127.0.0.1')));
  expect(await refusedWith('one-address')).toContain("1 node(s) didn't have free ports for the requested pod ports");
});

test('spread constraints and anti-affinity keep the pods of a Deployment apart', async () => {
  const labelSelector = { matchLabels: { app: 'spread' } };
  const constraint = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule', labelSelector };
  await ns.apply(deployment('spread', 6, { topologySpreadConstraints: [constraint] }));
  await ns.run('rollout', 'status', 'deployment/spread', '--timeout=60s');
  const { items } = await ns.json<PodList>('get', 'pods', '-l', 'app=spread');
  const counts = Map.groupBy(items, ({ spec }) => spec?.nodeName);
  expect([...counts.values()].map((pods) => pods.length)).toEqual([2, 2, 2]);
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'lonely' } } };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  await ns.apply(deployment('lonely', 4, { affinity }));
  await ns.until<{ status?: { readyReplicas?: number } }>(
    'three of four run',
    'deployment/lonely',
    ({ status }) => status?.readyReplicas === 3,
  );
});

test('a pod of high priority takes the place of one of low priority', async () => {
  await ns.apply(pod('low', asking({ cpu: '6' }, { priorityClassName: 'low', ...on('fake-0') })));
  await ns.podReady('low');
  await ns.apply(pod('high', asking({ cpu: '6' }, { priorityClassName: 'high', ...on('fake-0') })));
  await ns.podReady('high');
  expect((await ns.fails('get', 'pod', 'low')).stderr).toContain('not found');
  const { metadata } = await ns.json<Pod>('get', 'pod', 'high');
  const events = await ns.run(
    'get',
    'events',
    '--field-selector',
    'reason=Preempted,involvedObject.name=low',
    '-o',
    'jsonpath={.items[*].message}',
  );
  expect(events).toBe(`Preempted by pod ${metadata?.uid} on node fake-0`);
});

test('a pod that is preempted says so in a condition, and its preemptor where it will be', async () => {
  const victim = pod('victim', asking({ cpu: '6' }, { priorityClassName: 'low', ...on('fake-1') }));
  await ns.apply({ ...victim, metadata: { ...victim.metadata, finalizers: ['example.com/wait'] } });
  await ns.podReady('victim');
  await ns.apply(pod('preemptor', asking({ cpu: '6' }, { priorityClassName: 'high', ...on('fake-1') })));
  const { status } = await ns.until<Pod>('the victim leaves', 'pod/victim', ({ metadata }) => metadata?.deletionTimestamp);
  expect(status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
    status: 'True',
    reason: 'PreemptionByScheduler',
    message: 'default-scheduler: preempting to accommodate a higher priority pod',
  });
  await ns.until<Pod>('it is nominated', 'pod/preemptor', (p) => p.status?.nominatedNodeName === 'fake-1' || p.spec?.nodeName);
  await ns.run('patch', 'pod', 'victim', '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]');
  await ns.podReady('preemptor');
});

test('a critical pod of the system preempts others', async () => {
  await ns.apply(pod('low', asking({ cpu: '6' }, { priorityClassName: 'low', ...on('fake-2') })));
  await ns.podReady('low');
  const system = scope('kube-system', { kubeconfig });
  await system.apply(pod('critical', asking({ cpu: '6' }, { priorityClassName: 'system-cluster-critical', ...on('fake-2') })));
  await system.podReady('critical');
  await system.run('delete', 'pod', 'critical', '--grace-period=0', '--force');
});

test('ReplicaSets of more and less important pods end with the important ones running', async () => {
  const set = (name: string, replicas: number, priorityClassName: string) => ({
    ...deployment(name, replicas, asking({ cpu: '3' }, { priorityClassName, ...on('fake-0') })),
    kind: 'ReplicaSet',
  });
  await ns.apply(set('cheap', 2, 'low'));
  const running = (count: number) => (object: { status?: { readyReplicas?: number } }) => (object.status?.readyReplicas ?? 0) === count;
  await ns.until('both run', 'replicaset/cheap', running(2));
  await ns.apply(set('dear', 2, 'high'));
  await ns.until('both run', 'replicaset/dear', running(2));
  await ns.until('none of the cheap ones does', 'replicaset/cheap', running(0));
});

test('a gated pod waits until its gates are gone', async () => {
  await ns.apply(pod('gated', { schedulingGates: [{ name: 'example.com/wait' }] }));
  expect(await ns.run('get', 'pod', 'gated')).toContain('SchedulingGated');
  await ns.run('patch', 'pod', 'gated', '--type=json', '-p', '[{"op":"remove","path":"/spec/schedulingGates"}]');
  await ns.podReady('gated');
});

test('a PriorityClass can be read, patched, replaced as long as its value stays, and deleted', async () => {
  await ns.run('create', 'priorityclass', 'mine', '--value=5', '--description=first');
  await ns.run('patch', 'priorityclass', 'mine', '-p', '{"description":"second"}');
  expect(await ns.run('get', 'priorityclass', 'mine', '-o', 'jsonpath={.value} {.description}')).toBe('5 second');
  expect((await ns.fails('patch', 'priorityclass', 'mine', '-p', '{"value":6}')).stderr).toContain('may not be changed in an update');
  const found = await ns.json<object>('get', 'priorityclass', 'mine');
  await ns.with({ input: JSON.stringify({ ...found, description: 'third' }) }, 'replace', '-f', '-');
  await ns.run('label', 'priorityclass', 'mine', 'bench=yes');
  await ns.run('delete', 'priorityclasses', '-l', 'bench=yes');
  expect((await ns.fails('get', 'priorityclass', 'mine')).stderr).toContain('not found');
});

test('LimitRanges are listed, patched and deleted by the collection', async () => {
  await ns.run('create', 'namespace', 'limited');
  const limited = scope('limited', { kubeconfig });
  const range = (name: string) => ({
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: { name, labels: { set: 'a' } },
    spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '100m' } }] },
  });
  await limited.apply(range('one'), range('two'));
  expect(await ns.run('get', 'limitranges', '-A', '-l', 'set=a', '-o', 'name')).toBe('limitrange/one\nlimitrange/two\n');
  await limited.run(
    'patch',
    'limitrange',
    'one',
    '--type=json',
    '-p',
    '[{"op":"replace","path":"/spec/limits/0/defaultRequest/cpu","value":"200m"}]',
  );
  await limited.apply(pod('limited', { containers: [container(SLEEP)] }));
  const cpu = await limited.run('get', 'pod', 'limited', '-o', 'jsonpath={.spec.containers[0].resources.requests.cpu}');
  expect(['100m', '200m']).toContain(cpu);
  await limited.run('delete', 'limitranges', '-l', 'set=a');
  expect(await limited.run('get', 'limitranges', '-o', 'name')).toBe('');
});

test('an extender of the scheduler says where a pod goes', async () => {
  const asked: string[] = [];
  const extender = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { Pod: pod, NodeNames: names } = JSON.parse(body) as { Pod: Pod; NodeNames: string[] };
      asked.push(`${request.url} ${pod.metadata?.name}`);
      const NodeNames = names.filter((name) => name === 'fake-1');
      const FailedNodes = Object.fromEntries(names.filter((name) => name !== 'fake-1').map((name) => [name, 'no dongle here']));
      reply.end(JSON.stringify({ NodeNames, FailedNodes }));
    });
  }).listen(0, '127.0.0.1');
  await once(extender, 'listening');
  const { port } = extender.address() as AddressInfo;
  const config = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    extenders: [
      {
        urlPrefix: `http://127.0.0.1:${port}/dongles`,
        filterVerb: 'filter',
        nodeCacheCapable: true,
        managedResources: [{ name: 'example.com/dongle', ignoredByScheduler: true }],
      },
    ],
  };
  const file = join(directory, 'extender.yaml');
  writeFileSync(file, JSON.stringify(config));
  const own = join(directory, 'extended');
  const args = ['dev', '--data-dir', own, '--https-listen-port', '7445', '--nodes', '2', '--scheduler-config', file];
  const second = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  try {
    const there = scope('default', { kubeconfig: join(own, 'kubeconfig.yaml') });
    await eventually('its nodes are ready', async () => ((await there.run('get', 'nodes')).match(/\sReady\s/g) ?? []).length === 2);
    const dongle = { containers: [container(SLEEP, { resources: { limits: { 'example.com/dongle': '1' } } })] };
    await there.apply(pod('with', dongle), pod('without'), pod('hopeless', { ...dongle, ...on('fake-0') }));
    await there.podReady('with');
    await there.podReady('without');
    expect(await there.run('get', 'pod', 'with', '-o', 'jsonpath={.spec.nodeName}')).toBe('fake-1');
    const refused = (p: Pod) => scheduled(p)?.message?.startsWith('0/2 nodes are available: 1 no dongle here, 1 node(s) did');
    await there.until<Pod>('hopeless is refused', 'pod/hopeless', refused);
    expect(new Set(asked)).toEqual(new Set(['/dongles/filter with', '/dongles/filter hopeless']));
  } finally {
    second.kill('SIGKILL');
    extender.close();
  }
});

test('a scheduler configuration that is wrong ends minik with one sentence', () => {
  const file = join(directory, 'scheduler.yaml');
  writeFileSync(
    file,
    'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n- plugins:\n    score:\n      enabled:\n      - name: Nope\n',
  );
  const args = ['dev', '--https-listen-port', '0', '--scheduler-config', file];
  const { status, stderr } = spawnSync(MINIK, args, { encoding: 'utf8', timeout: 30_000, env: withoutMinikSettings() });
  expect([status, stderr]).toEqual([
    2,
    `error: --scheduler-config ${file} cannot be used: profiles[0].plugins.score.enabled[0].name: there is no plugin "Nope"\n`,
  ]);
});
