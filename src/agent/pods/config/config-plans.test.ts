import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../api/schema/generated/types.ts';
import { podDns } from './dns-plan.ts';
import { expand } from './expansion-plan.ts';
import { fieldValue, resourceValue } from './field-ref-plan.ts';
import { hostnameOf, hostsFile } from './hosts-file-plan.ts';
import { containerLimits, oomScoreAdj, podCgroup, podLimits } from './resources-plan.ts';
import { serviceEnv } from './service-env-plan.ts';

const podWith = (spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { b: '2', a: 'x"y' } },
  spec: { containers: [{ name: 'c' }], ...spec },
});

describe('references in command, args and env', () => {
  it.each([
    ['$(A)-$(B)', '1-$(B)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A', '$A'],
    ['$(', '$('],
  ])('%s becomes %s', (text, result) => expect(expand(text, (name) => ({ A: '1' })[name])).toBe(result));

  it('leave text without a dollar sign as it is', () => {
    fc.assert(fc.property(fc.string(), (text) => text.includes('$') || expand(text, () => 'x') === text));
  });
});

describe('the downward API', () => {
  const facts = { podIps: ['10.0.0.1', 'fd00::1'], hostIps: ['192.0.2.1'], nodeName: 'n1', allocatable: { cpu: '4', memory: '8Gi' } };

  it('shows labels sorted and quoted', () => expect(fieldValue(podWith(), 'metadata.labels', facts)).toBe('a="x\\"y"\nb="2"'));
  it('shows one label by its key', () => expect(fieldValue(podWith(), "metadata.labels['b']", facts)).toBe('2'));
  it('joins addresses with commas', () => expect(fieldValue(podWith(), 'status.podIPs', facts)).toBe('10.0.0.1,fd00::1'));
  it('rounds amounts up to the divisor', () => {
    const container = { name: 'c', resources: { limits: { cpu: '1500m', memory: '1Gi' } } };
    expect(resourceValue(container, { resource: 'limits.cpu' }, facts)).toBe('2');
    expect(resourceValue(container, { resource: 'limits.cpu', divisor: '1m' }, facts)).toBe('1500');
    expect(resourceValue(container, { resource: 'limits.memory', divisor: '1Mi' }, facts)).toBe('1024');
  });
  it('takes the node where a container has no limit', () => {
    expect(resourceValue({ name: 'c' }, { resource: 'limits.cpu' }, facts)).toBe('4');
  });
});

describe('resolv.conf of a pod', () => {
  const facts = {
    clusterDns: ['10.43.0.10'],
    clusterDomain: 'cluster.local',
    node: { servers: ['192.0.2.53'], searches: ['corp'], options: [] },
  };

  it('asks the cluster first and searches its own namespace', () => {
    expect(podDns(podWith({ dnsPolicy: 'ClusterFirst' }), facts)).toEqual({
      servers: ['10.43.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'corp'],
      options: ['ndots:5'],
    });
  });
  it('is the node’s on the host network, unless the policy says otherwise', () => {
    expect(podDns(podWith({ hostNetwork: true, dnsPolicy: 'ClusterFirst' }), facts).servers).toEqual(['192.0.2.53']);
    expect(podDns(podWith({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), facts).servers).toEqual(['10.43.0.10']);
  });
  it('with policy None is what dnsConfig says and nothing else', () => {
    const dnsConfig = { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] };
    expect(podDns(podWith({ dnsPolicy: 'None', dnsConfig }), facts)).toEqual({ servers: ['1.1.1.1'], searches: [], options: ['ndots:2'] });
  });
});

describe('names of a pod', () => {
  it('/etc/hosts has the full name where there is a subdomain, and the aliases', () => {
    const pod = podWith({ subdomain: 'db', hostAliases: [{ ip: '10.9.9.9', hostnames: ['a', 'b'] }] });
    const file = hostsFile(pod, ['10.0.0.1'], 'cluster.local');
    expect(file).toContain('10.0.0.1\tweb.db.shop.svc.cluster.local\tweb\n');
    expect(file).toContain('10.9.9.9\ta\tb\n');
  });
  it('a hostname has at most 63 characters and does not end in a dash', () => {
    const pod = { ...podWith(), metadata: { name: `${'x'.repeat(62)}-tail` } };
    expect(hostnameOf(pod)).toBe('x'.repeat(62));
  });
});

describe('limits', () => {
  it('take a limit for the request that is not there', () => {
    expect(containerLimits({ name: 'c', resources: { limits: { cpu: '500m', memory: '64Mi' } } })).toEqual({
      cpuShares: 512,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitBytes: 64 * 1024 * 1024,
    });
  });
  it('of a pod are there only when every container has one', () => {
    const limited = { name: 'a', resources: { limits: { memory: '1Gi', cpu: '1' } } };
    expect(podLimits(podWith({ containers: [limited, limited] }))).toMatchObject({ memoryLimitBytes: 2 * 1024 ** 3, cpuQuota: 200_000 });
    const asking = { name: 'b', resources: { requests: { cpu: '1' } } };
    expect(podLimits(podWith({ containers: [limited, asking] }))).toEqual({ cpuShares: 1024 });
  });
  it('of a pod as a whole are those of its cgroup, and of containers without their own', () => {
    const own = { name: 'a', resources: { requests: { cpu: '100m' }, limits: { cpu: '100m', memory: '16Mi' } } };
    const resources = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '2', memory: '128Mi' } };
    const pod = podWith({ containers: [own, { name: 'b' }], resources });
    expect(podLimits(pod)).toEqual({ cpuShares: 1024, cpuPeriod: 100_000, cpuQuota: 200_000, memoryLimitBytes: 128 << 20 });
    expect(containerLimits(own, resources)).toMatchObject({ cpuShares: 102, cpuQuota: 10_000, memoryLimitBytes: 16 << 20 });
    expect(containerLimits({ name: 'b' }, resources)).toMatchObject({ cpuQuota: 200_000, memoryLimitBytes: 128 << 20 });
    expect(podLimits(podWith({ containers: [{ name: 'b' }], resources: { requests: { cpu: '1' } } }))).toEqual({ cpuShares: 1024 });
  });
  it('put pods where their class belongs, and best effort first in the line of the OOM killer', () => {
    const burstable = { name: 'c', resources: { requests: { memory: '1Gi' } } };
    expect(podCgroup(podWith())).toBe('/kubepods/besteffort/podu');
    expect(podCgroup(podWith({ containers: [burstable] }))).toBe('/kubepods/burstable/podu');
    expect(oomScoreAdj(podWith(), { name: 'c' }, 4 * 1024 ** 3)).toBe(1000);
    expect(oomScoreAdj(podWith({ containers: [burstable] }), burstable, 4 * 1024 ** 3)).toBe(750);
  });
  it('have a sidecar go no sooner than what it serves, share what was asked for the pod as a whole, and spare what the node needs', () => {
    const [node, burstable] = [4 * 1024 ** 3, { name: 'c', resources: { requests: { memory: '1Gi' } } }];
    const sidecar = { name: 's', restartPolicy: 'Always' };
    const pod = podWith({ containers: [burstable], initContainers: [sidecar] });
    expect(oomScoreAdj(pod, sidecar, node)).toBe(750);
    const whole = podWith({ ...pod.spec, resources: { requests: { memory: '2Gi' } } });
    expect(oomScoreAdj(whole, burstable, node)).toBe(625);
    const critical = (priorityClassName: string, priority: number) => podWith({ containers: [burstable], priorityClassName, priority });
    expect(oomScoreAdj(critical('system-node-critical', 2_000_001_000), burstable, node)).toBe(-997);
    expect(oomScoreAdj(critical('system-cluster-critical', 2_000_000_000), burstable, node)).toBe(750);
  });
});

describe('variables of services', () => {
  const service = (namespace: string, name: string) => ({
    metadata: { namespace, name },
    spec: {
      clusterIP: '10.43.0.7',
      ports: [
        { name: 'web-ui', port: 80, protocol: 'TCP' },
        { port: 81, protocol: 'UDP' },
      ],
    },
  });

  it('come in both of Kubernetes’ forms', () => {
    expect(Object.fromEntries(serviceEnv([service('shop', 'my-app')], 'shop', true))).toEqual({
      MY_APP_SERVICE_HOST: '10.43.0.7',
      MY_APP_SERVICE_PORT: '80',
      MY_APP_SERVICE_PORT_WEB_UI: '80',
      MY_APP_PORT: 'tcp://10.43.0.7:80',
      MY_APP_PORT_80_TCP: 'tcp://10.43.0.7:80',
      MY_APP_PORT_80_TCP_PROTO: 'tcp',
      MY_APP_PORT_80_TCP_PORT: '80',
      MY_APP_PORT_80_TCP_ADDR: '10.43.0.7',
      MY_APP_PORT_81_UDP: 'udp://10.43.0.7:81',
      MY_APP_PORT_81_UDP_PROTO: 'udp',
      MY_APP_PORT_81_UDP_PORT: '81',
      MY_APP_PORT_81_UDP_ADDR: '10.43.0.7',
    });
  });
  it('without links are those of default/kubernetes alone', () => {
    const env = serviceEnv([service('default', 'kubernetes'), service('shop', 'my-app')], 'shop', false);
    expect([...env.keys()].every((key) => key.startsWith('KUBERNETES_'))).toBe(true);
    expect(env.get('KUBERNETES_SERVICE_HOST')).toBe('10.43.0.7');
  });
});
