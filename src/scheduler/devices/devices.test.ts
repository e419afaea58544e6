import { describe, expect, it } from 'vitest';
import { pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import type { Pod, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { ConfigReader } from '../config/config-reader.ts';
import { fakePod } from '../fake-scheduler.ts';
import { dynamicResources } from '../plugins/dynamic-resources.ts';
import { asking, startWithDevices as start } from './fake-device-cluster.ts';

const FINALIZER = 'resource.kubernetes.io/delete-protection';

describe('DynamicResources', () => {
  it('gives a pod the node that has its device, and writes who has what before the pod is bound', async () => {
    await using s = start();
    s.node('a');
    s.node('b', 'g0');
    s.gpus();
    s.claim('c');
    const { uid } = s.pod('p', 'c').metadata ?? {};
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
    expect(s.devicesOf('c')).toEqual(['b/g0']);
    expect(s.claimNow('c')?.metadata?.finalizers).toEqual([FINALIZER]);
    expect(s.claimNow('c')?.status?.reservedFor).toEqual([{ resource: 'pods', name: 'p', uid }]);
    const order = s.cluster.writes.filter((write) => /resourceclaims|binding/.test(write));
    expect(order).toEqual([
      'update resourceclaims.resource.k8s.io default/c',
      'update resourceclaims.resource.k8s.io/status default/c',
      'create pods/binding default/p',
    ]);
  });

  it('gives no device to two claims, and tries again when one is given back', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.gpus();
    s.claim('c');
    s.claim('d');
    s.pod('p', 'c');
    s.pod('q', 'd');
    await s.clock.advance(0);
    expect([s.nodeOf('p'), s.nodeOf('q')]).toEqual(['a', undefined]);
    expect(s.failures[0]).toMatch(/^0\/1 nodes are available: 1 cannot allocate all claims\. no new claims to deallocate, /);
    await s.client.patch(
      resourceClaims,
      'c',
      'merge',
      { status: { allocation: null, reservedFor: null } },
      { ...s.options, subresource: 'status' },
    );
    await s.clock.advance(10_000);
    expect(s.nodeOf('q')).toBe('a');
    expect(s.devicesOf('d')).toEqual(['a/g0']);
  });

  it('gives no device to two claims whose pods are of two profiles', async () => {
    const profiles = ['default-scheduler', 'other'].map((schedulerName) => ({ schedulerName }));
    await using s = start({ apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', profiles });
    s.node('a', 'g0');
    s.gpus();
    for (const name of ['c', 'd']) s.claim(name);
    for (const [name, schedulerName] of [
      ['c', 'default-scheduler'],
      ['d', 'other'],
    ] as const) {
      const spec = { schedulerName, resourceClaims: [{ name, resourceClaimName: name }] };
      s.cluster.seed(pods, fakePod(spec, undefined, { name, namespace: 'default' }));
    }
    await s.clock.advance(0);
    expect([s.nodeOf('c'), s.nodeOf('d')]).toEqual(['a', undefined]);
  });

  it('keeps pods that share a claim together', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.node('b', 'g1');
    s.gpus();
    s.claim('c');
    s.pod('p', 'c');
    s.pod('q', 'c');
    await s.clock.advance(10_000);
    expect(s.nodeOf('q')).toBe(s.nodeOf('p'));
    expect(s.claimNow('c')?.status?.reservedFor?.map(({ name }) => name)).toEqual(['p', 'q']);
  });

  it('waits for claims that are not there, without asking nodes', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.gpus();
    s.pod('p', 'c');
    const templated = fakePod({ resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] }, undefined, {
      name: 't',
      namespace: 'default',
    });
    s.cluster.seed(pods, templated as Pod);
    await s.clock.advance(600_000);
    expect(s.cluster.writes).toEqual([]);
    s.claim('c');
    await s.clock.advance(1000);
    expect(s.nodeOf('p')).toBe('a');
    s.claim('made', {
      metadata: {
        name: 'made',
        namespace: 'default',
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 't', uid: templated.metadata?.uid ?? '', controller: true }],
      },
      spec: {},
    });
    const resourceClaimStatuses = [{ name: 'gpu', resourceClaimName: 'made' }];
    await s.client.patch(pods, 't', 'merge', { status: { resourceClaimStatuses } }, { ...s.options, subresource: 'status' });
    await s.clock.advance(10_000);
    expect(s.nodeOf('t')).toBe('a');
  });

  it('names the class that is missing, and goes on when it comes', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.claim('c');
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.failures[0]).toContain('0/1 nodes are available: request r: device class gpu does not exist.');
    s.gpus();
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
  });

  it('gives back what nobody uses and what ties the pod to a node that is gone', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.gpus();
    const nodeSelector = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['gone'] }] }] };
    s.claim('c', { status: { allocation: { nodeSelector } } });
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.failures[0]).toContain('1 resourceclaim not available on the node. deallocation of ResourceClaim completed');
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
    expect(s.devicesOf('c')).toEqual(['a/g0']);
  });

  it('frees its devices when binding fails, and takes the pod off the claim', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.gpus();
    s.claim('c');
    let failures = 1;
    s.cluster.intercept = ({ subresource }) => {
      if (subresource === 'binding' && failures-- > 0) throw new ApiError('InternalError', 'no luck');
    };
    s.pod('p', 'c');
    await s.clock.advance(500);
    expect(s.nodeOf('p')).toBeUndefined();
    expect(s.claimNow('c')?.status?.reservedFor).toEqual([]);
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('a');
    expect(s.claimNow('c')?.status?.reservedFor).toHaveLength(1);
  });

  it('gives shares of one device to claims of two pods, and no more than there is', async () => {
    await using s = start();
    s.node('a');
    s.slice('a', [{ name: 'g0', allowMultipleAllocations: true, capacity: { memory: { value: '10Gi' } } }]);
    s.gpus();
    for (const name of ['c', 'd', 'e']) s.claim(name, { spec: asking({ capacity: { requests: { memory: '5Gi' } } }) });
    for (const name of ['c', 'd', 'e']) s.pod(`p-${name}`, name);
    await s.clock.advance(0);
    expect(['p-c', 'p-d', 'p-e'].filter((name) => s.nodeOf(name))).toEqual(['p-c', 'p-d']);
    const shares = ['c', 'd'].map((name) => s.claimNow(name)?.status?.allocation?.devices?.results?.[0]);
    expect(shares.map((share) => share?.consumedCapacity)).toEqual([{ memory: '5Gi' }, { memory: '5Gi' }]);
    expect(shares[0]?.shareID).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('prefers the node where the first alternative is to be had', async () => {
    await using s = start();
    for (const name of ['a', 'b', 'c']) s.node(name, ...(name === 'b' ? ['g0', 'g1'] : ['g0']));
    s.gpus();
    const alternative = (name: string, count: number) => ({ name, deviceClassName: 'gpu', allocationMode: 'ExactCount', count });
    s.claim('c', { spec: { devices: { requests: [{ name: 'r', firstAvailable: [alternative('two', 2), alternative('one', 1)] }] } } });
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
  });

  describe('a device that has to be prepared for its node', () => {
    const prepared = { bindingConditions: ['example.com/ready'], bindingFailureConditions: ['example.com/broken'] };
    async function waiting() {
      const s = start();
      s.node('a');
      s.slice('a', [{ name: 'g0', ...prepared }]);
      s.gpus();
      s.claim('c');
      s.pod('p', 'c');
      await s.clock.advance(0);
      const tell = async (type: string) => {
        const now = s.claimNow('c');
        const conditions = [{ type, status: 'True', reason: 'Because', message: 'so', lastTransitionTime: '2026-01-01T00:00:00Z' }];
        const status = { ...now?.status, devices: [{ driver: 'gpu.example', pool: 'a', device: 'g0', conditions }] };
        s.cluster.seed(resourceClaims, { ...now, status } as ResourceV1ResourceClaim);
        await s.clock.advance(0);
      };
      return { s, tell };
    }

    it('holds up the binding of its pod until its driver says that it is ready', async () => {
      const { s, tell } = await waiting();
      await using _s = s;
      expect(s.nodeOf('p')).toBeUndefined();
      expect(s.claimNow('c')?.status).toMatchObject({
        reservedFor: [{ name: 'p' }],
        allocation: { allocationTimestamp: '2026-01-01T00:00:00Z', devices: { results: [prepared] } },
      });
      expect(s.events).toContain('BindingConditionsPending: waiting for binding conditions for device on node a');
      expect(s.nominatedOf('p')).toBe('a');
      await tell('example.com/ready');
      expect(s.nodeOf('p')).toBe('a');
    });

    it('is given back when its driver says that it is broken, and the pod looks for another', async () => {
      const { s, tell } = await waiting();
      await using _s = s;
      await tell('example.com/broken');
      expect(s.failures[0]).toContain('device binding failed: claim=c, reason=Because, message="so"');
      expect(s.nominatedOf('p')).toBeUndefined();
      s.slice('a', [{ name: 'g1' }]);
      for (let second = 0; second < 20; second += 1) await s.clock.advance(1000);
      expect(s.nodeOf('p')).toBe('a');
      expect(s.claimNow('c')?.status?.devices).toBeUndefined();
      expect(s.devicesOf('c')).toEqual(['a/g1']);
    });

    it('is given up after ten minutes, and its claim is tried anew', async () => {
      const { s } = await waiting();
      await using _s = s;
      await s.clock.advance(600_000);
      expect(s.failures[0]).toContain('device binding timeout: context deadline exceeded');
      for (let second = 0; second < 20; second += 1) await s.clock.advance(1000);
      expect(s.claimNow('c')?.status?.allocation?.allocationTimestamp).toMatch(/^2026-01-01T00:10/);
    });
  });

  it('writes its reservation again when a driver was quicker', async () => {
    await using s = start();
    s.node('a', 'g0');
    s.gpus();
    s.claim('c');
    let conflicts = 2;
    s.cluster.intercept = ({ verb, subresource }) => {
      if (verb === 'update' && subresource === 'status' && conflicts-- > 0) throw new ApiError('Conflict', 'the object has been modified');
    };
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('a');
  });
});

it.each([
  [{}, []],
  [{ filterTimeout: '0s', bindingTimeout: '1m' }, []],
  [{ filterTimeout: '-1s' }, ['filterTimeout: must be zero or positive']],
  [{ bindingTimeout: '500ms' }, ['bindingTimeout: must be at least 1 second']],
  [{ bindingTimeout: 'soon' }, ['bindingTimeout: must be a duration, such as 10s']],
])('the arguments %j leave %j to say', (args, expected) => {
  const findings: string[] = [];
  dynamicResources.configure(new ConfigReader(args, '', findings));
  expect(findings).toEqual(expected);
});
