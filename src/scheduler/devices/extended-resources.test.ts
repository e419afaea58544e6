import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodes, pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { deviceClasses } from '../../api/resource/device-class.ts';
import { classToUse } from '../../api/resource/device-resources.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { Container, Pod } from '../../api/schema/generated/types.ts';
import { FakeScheduler, fakeNode, fakePod } from '../fake-scheduler.ts';
import { planExtendedRequests } from './extended-requests-plan.ts';
import { startWithDevices as start } from './fake-device-cluster.ts';

const GPU = 'example.com/gpu';
const NIC = 'example.com/nic';
const CLASSES = new Map([[GPU, 'gpu']]);

function container(name: string, requests: Record<string, string>, rest: Partial<Container> = {}): Container {
  return { name, image: 'i', resources: { requests }, ...rest };
}
const podOf = (containers: Container[], initContainers: Container[] = []): Pod => ({ metadata: {}, spec: { containers, initContainers } });
const sidecar = { restartPolicy: 'Always' };
const counts = (pod: Pod, classes: ReadonlyMap<string, string> = CLASSES) =>
  Object.fromEntries(planExtendedRequests(pod, classes).requests.map(({ name, exactly }) => [name, exactly?.count]));
const served = (pod: Pod) =>
  planExtendedRequests(pod, CLASSES).mappings.map(({ containerName, requestName }) => `${containerName}: ${requestName}`);

describe('requests for extended resources', () => {
  it('are one for each container and resource, in the order of their names', () => {
    const pod = podOf([container('a', { cpu: '1', [GPU]: '2', [NIC]: '1' }), container('b', { [GPU]: '1' })]);
    const classes = new Map([...CLASSES, [NIC, 'nic']]);
    expect(planExtendedRequests(pod, classes)).toEqual({
      requests: [
        { name: 'container-0-request-1', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 2 } },
        { name: 'container-0-request-2', exactly: { deviceClassName: 'nic', allocationMode: 'ExactCount', count: 1 } },
        { name: 'container-1-request-0', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1 } },
      ],
      mappings: [
        { containerName: 'a', resourceName: GPU, requestName: 'container-0-request-1' },
        { containerName: 'b', resourceName: GPU, requestName: 'container-1-request-0' },
        { containerName: 'a', resourceName: NIC, requestName: 'container-0-request-2' },
      ],
    });
  });

  it('leave out what no class stands for, and what is asked for none of', () => {
    expect(counts(podOf([container('a', { [NIC]: '1', [GPU]: '0' })]))).toEqual({});
  });

  it('of an init container are served by the containers that come after it', () => {
    const pod = podOf([container('a', { [GPU]: '1' }), container('b', { [GPU]: '2' })], [container('i', { [GPU]: '2' })]);
    expect(counts(pod)).toEqual({ 'container-1-request-0': 1, 'container-2-request-0': 2 });
    expect(served(pod)).toEqual([
      'a: container-1-request-0',
      'b: container-2-request-0',
      'i: container-1-request-0',
      'i: container-2-request-0',
    ]);
  });

  it('ask once for what the greediest init container misses, and all of them use it', () => {
    const pod = podOf([container('a', { [GPU]: '1' })], [container('i', { [GPU]: '2' }), container('j', { [GPU]: '4' })]);
    expect(counts(pod)).toEqual({ 'container-1-request-0': 3, 'container-2-request-0': 1 });
    expect(served(pod)).toEqual([
      'a: container-2-request-0',
      'i: container-2-request-0',
      'i: container-1-request-0',
      'j: container-2-request-0',
      'j: container-1-request-0',
    ]);
  });

  it('never give an init container the devices of a sidecar that runs already', () => {
    const pod = podOf([container('a', {})], [container('s', { [GPU]: '1' }, sidecar), container('i', { [GPU]: '1' })]);
    expect(counts(pod)).toEqual({ 'container-0-request-0': 1, 'container-1-request-0': 1 });
    expect(served(pod)).toEqual(['s: container-0-request-0', 'i: container-1-request-0']);
  });

  const amount = fc.integer({ min: 0, max: 4 }).map((n): Record<string, string> => (n === 0 ? {} : { [GPU]: String(n) }));
  const arbitraryPod = fc.record({
    main: fc.array(amount, { minLength: 1, maxLength: 3 }),
    init: fc.array(fc.tuple(amount, fc.boolean()), { maxLength: 4 }),
  });

  it('give each container as many devices as it asks for, and no two that run together the same', () => {
    fc.assert(
      fc.property(arbitraryPod, ({ main, init }) => {
        const initContainers = init.map(([requests, isSidecar], i) => container(`i${i}`, requests, isSidecar ? sidecar : {}));
        const containers = main.map((requests, i) => container(`c${i}`, requests));
        const { requests, mappings } = planExtendedRequests(podOf(containers, initContainers), CLASSES);
        const size = new Map(requests.map(({ name, exactly }) => [name, exactly?.count ?? 0]));
        const of = (name: string) => mappings.filter(({ containerName }) => containerName === name).map(({ requestName }) => requestName);
        for (const one of [...initContainers, ...containers]) {
          const has = of(one.name).reduce((sum, name) => sum + (size.get(name) ?? 0), 0);
          expect(has).toBeGreaterThanOrEqual(Number(one.resources?.requests?.[GPU] ?? 0));
        }
        const together = [...initContainers.filter(({ restartPolicy }) => restartPolicy), ...containers].flatMap(({ name }) => of(name));
        expect(new Set(together).size).toBe(together.length);
        for (const [place, { name, restartPolicy }] of initContainers.entries()) {
          if (restartPolicy) continue;
          const running = initContainers.slice(0, place).filter((one) => one.restartPolicy);
          for (const other of running) expect(of(other.name).some((request) => of(name).includes(request))).toBe(false);
        }
      }),
    );
  });
});

it('of several classes for one resource the newest stands for it, then the first by name', () => {
  const of = (name: string, creationTimestamp: string) => ({ metadata: { name, creationTimestamp }, spec: {} });
  const [old, b, a] = [of('old', '2026-01-01T00:00:00Z'), of('b', '2026-02-01T00:00:00Z'), of('a', '2026-02-01T00:00:00Z')];
  expect(classToUse([old, b, a])?.metadata?.name).toBe('a');
  expect(classToUse([old])?.metadata?.name).toBe('old');
  expect(classToUse([])).toBeUndefined();
});

function startWithGpus() {
  const s = start();
  s.cluster.seed(deviceClasses, { metadata: { name: 'gpu' }, spec: { extendedResourceName: GPU } });
  const pod = (name: string, requests: Record<string, string>) =>
    s.cluster.seed(pods, { ...fakePod({ containers: [container('c', requests)] }, undefined, { name, namespace: 'default' }) });
  const specialClaims = () =>
    s.cluster
      .all(resourceClaims)
      .filter(({ metadata }) => metadata?.annotations?.['resource.kubernetes.io/extended-resource-claim'] === 'true');
  const podNow = (name: string) => s.cluster.find(pods, `default/${name}`);
  return { ...s, pod, specialClaims, podNow, [Symbol.asyncDispose]: s[Symbol.asyncDispose] };
}

describe('extended resources that devices stand for', () => {
  it('are allocated by a claim that the scheduler makes, and that the pod names', async () => {
    await using s = startWithGpus();
    s.node('a');
    s.node('b', 'g0', 'g1');
    const { uid } = s.pod('p', { [GPU]: '2' }).metadata ?? {};
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
    const [claim] = s.specialClaims();
    expect(claim?.metadata).toMatchObject({
      name: expect.stringMatching(/^p-extended-resources-/),
      finalizers: ['resource.kubernetes.io/delete-protection'],
      ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid, controller: true }],
    });
    expect(claim?.status?.reservedFor).toEqual([{ resource: 'pods', name: 'p', uid }]);
    expect(claim?.status?.allocation?.devices?.results?.map(({ request, device }) => `${request} ${device}`)).toEqual([
      'container-0-request-0 g0',
      'container-0-request-0 g1',
    ]);
    expect(s.podNow('p')?.status?.extendedResourceClaimStatus).toEqual({
      resourceClaimName: claim?.metadata?.name,
      requestMappings: [{ containerName: 'c', resourceName: GPU, requestName: 'container-0-request-0' }],
    });
  });

  it('go by the name of the class as well', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0');
    s.pod('p', { 'deviceclass.resource.kubernetes.io/gpu': '1' });
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('a');
    expect(s.specialClaims()).toHaveLength(1);
  });

  it('are left to a node that counts them itself', async () => {
    await using s = startWithGpus();
    s.cluster.seed(nodes, fakeNode('plugin', {}, { status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10', [GPU]: '1' } } }));
    s.pod('p', { [GPU]: '1' });
    s.pod('q', { [GPU]: '1' });
    await s.clock.advance(0);
    expect([s.nodeOf('p'), s.nodeOf('q')]).toEqual(['plugin', undefined]);
    expect(s.specialClaims()).toEqual([]);
    expect(s.failures[0]).toContain(`1 Insufficient ${GPU}`);
  });

  it('that no class stands for are short, and a class that comes helps', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0');
    s.pod('p', { [NIC]: '1' });
    await s.clock.advance(0);
    expect(s.failures[0]).toContain(`0/1 nodes are available: 1 Insufficient ${NIC}.`);
    s.cluster.seed(deviceClasses, { metadata: { name: 'nic' }, spec: { extendedResourceName: NIC } });
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
  });

  it('are given to one pod each, also before the claim shows, and again when the claim is gone', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0');
    s.pod('p', { [GPU]: '1' });
    s.pod('q', { [GPU]: '1' });
    await s.clock.advance(0);
    expect([s.nodeOf('p'), s.nodeOf('q')]).toEqual(['a', undefined]);
    expect(s.failures[0]).toContain('1 cannot allocate all claims');
    const [claim] = s.specialClaims();
    const name = claim?.metadata?.name ?? '';
    await s.client.patch(resourceClaims, name, 'merge', { metadata: { finalizers: null } }, s.options);
    await s.client.delete(resourceClaims, name, s.options);
    await s.clock.advance(10_000);
    expect(s.nodeOf('q')).toBe('a');
  });

  it('leave no claim when the pod cannot be bound, and are tried anew', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0');
    let failures = 1;
    s.cluster.intercept = ({ subresource }) => {
      if (subresource === 'binding' && failures-- > 0) throw new ApiError('InternalError', 'no luck');
    };
    s.pod('p', { [GPU]: '1' });
    await s.clock.advance(500);
    expect(s.nodeOf('p')).toBeUndefined();
    expect(s.specialClaims()).toEqual([]);
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
    expect(s.specialClaims().map(({ metadata }) => metadata?.name)).toEqual([
      s.podNow('p')?.status?.extendedResourceClaimStatus?.resourceClaimName,
    ]);
  });

  it('of an attempt that a restart ended are given back first', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0');
    const pod = fakePod({ containers: [container('c', { [GPU]: '1' })] }, undefined, { name: 'p', namespace: 'default' });
    s.claim('p-extended-resources-old', {
      metadata: {
        name: 'p-extended-resources-old',
        namespace: 'default',
        finalizers: ['resource.kubernetes.io/delete-protection'],
        annotations: { 'resource.kubernetes.io/extended-resource-claim': 'true' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p', uid: pod.metadata?.uid ?? '', controller: true }],
      },
    });
    s.cluster.seed(pods, pod);
    await s.clock.advance(0);
    expect(s.failures[0]).toContain('1 cannot schedule extended resource claim. deletion of ResourceClaim completed');
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
    expect(s.specialClaims().map(({ metadata }) => metadata?.name)).not.toContain('p-extended-resources-old');
  });

  it('go together with claims that the pod names', async () => {
    await using s = startWithGpus();
    s.node('a', 'g0', 'g1');
    s.claim('own');
    const resourceClaim = [{ name: 'own', resourceClaimName: 'own' }];
    const spec = { resourceClaims: resourceClaim, containers: [container('c', { [GPU]: '1' })] };
    s.cluster.seed(pods, fakePod(spec, undefined, { name: 'p', namespace: 'default' }));
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('a');
    const special = s.specialClaims()[0]?.status?.allocation?.devices?.results?.map(({ device }) => device);
    expect([s.devicesOf('own'), special]).toEqual([['a/g0'], ['g1']]);
  });
});

describe('scores that name an extended resource', () => {
  const NAMES = ['a', 'b'];
  /** Two nodes with four devices each, of which one is taken on `b`. */
  async function chosenBy(plugin: string, args: object): Promise<string | undefined> {
    const only = { enabled: [{ name: plugin }], disabled: [{ name: '*' }] };
    const document = {
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      profiles: [{ plugins: { score: only }, pluginConfig: [{ name: plugin, args }] }],
    };
    const scheduler = new FakeScheduler(document);
    const { cluster } = scheduler;
    cluster.seed(deviceClasses, {
      metadata: { name: 'gpu' },
      spec: { extendedResourceName: GPU, selectors: [{ cel: { expression: "device.driver == 'gpu.example'" } }] },
    });
    for (const name of NAMES) {
      const devices = ['g0', 'g1', 'g2', 'g3'].map((device) => ({ name: device }));
      const pool = { name, generation: 1, resourceSliceCount: 1 };
      cluster.seed(resourceSlices, { metadata: { name }, spec: { driver: 'gpu.example', nodeName: name, pool, devices } });
    }
    const results = [{ request: 'r', driver: 'gpu.example', pool: 'b', device: 'g0' }];
    cluster.seed(resourceClaims, {
      metadata: { name: 'c', namespace: 'default' },
      spec: {},
      status: { allocation: { devices: { results } } },
    });
    await scheduler.sync();
    scheduler.nodes(...NAMES.map((name) => fakeNode(name)));
    return scheduler.select(fakePod({ containers: [container('c', { [GPU]: '2', cpu: '1500m' })] })).node;
  }

  it.each([
    ['LeastAllocated', 'a'],
    ['MostAllocated', 'b'],
  ])('count the devices that are taken: %s chooses %s', async (type, node) => {
    expect(await chosenBy('NodeResourcesFit', { scoringStrategy: { type, resources: [{ name: GPU, weight: 1 }] } })).toBe(node);
  });

  it('balance them with what the node counts: three of four devices go with most of the CPU', async () => {
    const resources = ['cpu', GPU].map((name) => ({ name, weight: 1 }));
    expect(await chosenBy('NodeResourcesBalancedAllocation', { resources })).toBe('b');
  });
});
