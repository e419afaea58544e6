import { existsSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Pod } from './support/kinds.ts';
import { container, pod, SLEEP } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('resources');
const isV2 = existsSync('/sys/fs/cgroup/cgroup.controllers');

beforeAll(async () => {
  await ns.apply(
    pod('limited', {
      containers: [container(SLEEP, { resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '250m', memory: '32Mi' } } })],
    }),
    pod('guaranteed', { containers: [container(SLEEP, { resources: { limits: { cpu: '100m', memory: '16Mi' } } })] }),
    pod('resized', {
      containers: [container(SLEEP, { resources: { requests: { cpu: '100m' }, limits: { cpu: '200m', memory: '32Mi' } } })],
    }),
    pod('oom', {
      restartPolicy: 'Never',
      containers: [container('head -c 200000000 /dev/zero | tail; exit 0', { resources: { limits: { memory: '16Mi' } } })],
    }),
    pod('huge', { containers: [container(SLEEP, { resources: { requests: { cpu: '1000' } } })] }),
    pod('secure', {
      securityContext: {
        runAsUser: 1234,
        runAsGroup: 2345,
        supplementalGroups: [3456],
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }],
      },
      containers: [
        container(SLEEP, {
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        }),
        container(SLEEP, { name: 'capable', securityContext: { runAsUser: 0, capabilities: { add: ['NET_ADMIN'] } } }),
        container(SLEEP, { name: 'privileged', securityContext: { runAsUser: 0, privileged: true } }),
      ],
    }),
    pod('nonroot', { containers: [container(SLEEP, { securityContext: { runAsNonRoot: true } })] }),
    pod('host', { hostNetwork: true, hostPID: true, dnsPolicy: 'ClusterFirstWithHostNet' }),
    pod('together', {
      shareProcessNamespace: true,
      hostAliases: [{ ip: '192.0.2.7', hostnames: ['alias.example'] }],
      containers: [container(SLEEP), container('exec sleep 4321', { name: 'other' })],
    }),
  );
});

test('limits are in the cgroup of the container', async () => {
  await ns.podReady('limited');
  const read = (v1: string, v2: string) => ns.sh('limited', `cat /sys/fs/cgroup/${isV2 ? v2 : v1}`);
  expect((await read('memory/memory.limit_in_bytes', 'memory.max')).trim()).toBe(String(32 << 20));
  if (isV2) expect((await read('', 'cpu.max')).trim()).toBe('25000 100000');
  else expect(await ns.sh('limited', 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.shares')).toBe('25000\n102\n');
});

test('a resize changes the cgroup of a container that runs on', async () => {
  await ns.podReady('resized');
  const resources = { requests: { cpu: '50m' }, limits: { cpu: '100m', memory: '48Mi' } };
  const patch = JSON.stringify({ spec: { containers: [{ name: 'main', resources }] } });
  await ns.run('patch', 'pod', 'resized', '--subresource', 'resize', '-p', patch);
  const statusOf = (pod: Pod) => pod.status?.containerStatuses?.[0];
  const done = await ns.until<Pod>('resized', 'pod/resized', (pod) => statusOf(pod)?.resources?.limits?.memory === '48Mi');
  expect(statusOf(done)).toMatchObject({ restartCount: 0, allocatedResources: { cpu: '50m' }, resources: { limits: { cpu: '100m' } } });
  const files = isV2 ? 'memory.max cpu.max' : 'memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us';
  expect(await ns.sh('resized', `cd /sys/fs/cgroup && cat ${files}`)).toBe(`${48 << 20}\n${isV2 ? '10000 100000' : '10000'}\n`);
});

test('QoS classes follow requests and limits', async () => {
  expect((await ns.json<Pod>('get', 'pod', 'limited')).status?.qosClass).toBe('Burstable');
  expect((await ns.json<Pod>('get', 'pod', 'guaranteed')).status?.qosClass).toBe('Guaranteed');
  expect((await ns.json<Pod>('get', 'pod', 'secure')).status?.qosClass).toBe('BestEffort');
});

test('a container past its memory is OOMKilled', async () => {
  const ended = await ns.until<Pod>('it ends', 'pod/oom', (p) => /^(Failed|Succeeded)$/.test(p.status?.phase ?? ''));
  expect(ended.status?.containerStatuses?.[0]?.state?.terminated?.reason).toBe('OOMKilled');
});

test('a pod that asks for more than any node has waits, and is told why', async () => {
  const waiting = await ns.until<Pod>('it waits', 'pod/huge', (p) => p.status?.conditions?.some((c) => c.reason === 'Unschedulable'));
  expect(waiting.status?.conditions?.[0]?.message).toMatch(/^0\/1 nodes are available: 1 Insufficient cpu/);
});

test('users, groups, a read-only root and capabilities are as asked', async () => {
  await ns.podReady('secure');
  expect(await ns.sh('secure', 'id -u; id -g; id -G', '-c', 'main')).toMatch(/^1234\n2345\n2345 3456\n$/);
  expect((await ns.fails('exec', 'secure', '-c', 'main', '--', 'sh', '-c', 'echo >/tmp/x')).stderr).toContain('Read-only file system');
  const capabilities = async (name: string) =>
    BigInt(`0x${(await ns.sh('secure', "sed -n 's/^CapEff:\\t//p' /proc/self/status", '-c', name)).trim()}`);
  const NET_ADMIN = 1n << 12n;
  expect(await capabilities('main')).toBe(0n);
  expect((await capabilities('capable')) & NET_ADMIN).toBe(NET_ADMIN);
  expect((await capabilities('privileged')) & (1n << 21n)).toBe(1n << 21n);
  expect(await ns.sh('secure', "sed -n 's/^NoNewPrivs:\\t//p' /proc/self/status", '-c', 'main')).toBe('1\n');
  expect(await ns.sh('secure', 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start', '-c', 'main')).toBe('80\n');
});

test('runAsNonRoot refuses an image that runs as root', async () => {
  const refused = await ns.until<Pod>(
    'it is refused',
    'pod/nonroot',
    (p) => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError',
  );
  expect(refused.status?.containerStatuses?.[0]?.state?.waiting?.message).toContain(
    'container has runAsNonRoot and image will run as root',
  );
});

test('host namespaces, a shared process namespace and host aliases are as asked', async () => {
  const { status } = await ns.podReady('host');
  expect(status?.podIP).toBe(status?.hostIP);
  expect(await ns.sh('host', 'cat /proc/*/cmdline 2>/dev/null | tr "\\0" " "')).toContain('minik');
  await ns.podReady('together');
  expect(await ns.sh('together', 'ps', '-c', 'main')).toContain('sleep 4321');
  expect(await ns.sh('together', 'cat /etc/hosts', '-c', 'main')).toMatch(/192\.0\.2\.7\s+alias\.example/);
});
