import { describe, expect, it } from 'vitest';
import { nodes, persistentVolumeClaims, persistentVolumes, pods } from '../../api/index.ts';
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/schema/generated/types.ts';
import { csiNodes } from '../../api/storage/csi-node.ts';
import { storageClasses } from '../../api/storage/storage-class.ts';
import { runScheduler } from '../fake-run.ts';
import { fakeNode, fakePod } from '../fake-scheduler.ts';

const COMPLETED = { 'pv.kubernetes.io/bind-completed': 'yes' };

function start(bindTimeoutSeconds?: number) {
  const failures: string[] = [];
  const document = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ pluginConfig: [{ name: 'VolumeBinding', args: { bindTimeoutSeconds } }] }],
  };
  const running = runScheduler({
    event: (_about, _type, reason, message) =>
      void (reason === 'FailedScheduling' && failures.push(message.replace(/ no new claims to deallocate, preemption: .*/, ''))),
    ...(bindTimeoutSeconds !== undefined && { document }),
  });
  const { cluster, client, signal } = running;
  const volume = (name: string, spec: PersistentVolume['spec'] = {}, labels: Record<string, string> = {}) =>
    cluster.seed(persistentVolumes, {
      metadata: { name, labels },
      spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, storageClassName: 's', ...spec },
      status: { phase: 'Available' },
    });
  const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}, annotations: Record<string, string> = {}) =>
    cluster.seed(persistentVolumeClaims, {
      metadata: { name, namespace: 'default', annotations },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 's', ...spec },
      status: { phase: 'Pending' },
    });
  return {
    ...running,
    failures,
    volume,
    claim,
    bound: (name: string, volumeName: string, spec: PersistentVolumeClaim['spec'] = {}) => claim(name, { volumeName, ...spec }, COMPLETED),
    node: (name: string, labels: Record<string, string> = {}) => cluster.seed(nodes, fakeNode(name, labels)),
    storageClass: (provisioner: string) =>
      cluster.seed(storageClasses, { metadata: { name: 's' }, provisioner, volumeBindingMode: 'WaitForFirstConsumer' }),
    pod: (name: string, ...claimNames: string[]) =>
      cluster.seed(
        pods,
        fakePod({ volumes: claimNames.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) }, undefined, {
          name,
          namespace: 'default',
        }),
      ),
    claimNow: (name: string) => cluster.find(persistentVolumeClaims, `default/${name}`),
    volumeNow: (name: string) => cluster.find(persistentVolumes, name),
    /** What the binder does with a claim whose volume names it. */
    complete: (name: string, volumeName: string) =>
      client.patch(
        persistentVolumeClaims,
        name,
        'merge',
        { metadata: { annotations: COMPLETED }, spec: { volumeName } },
        { namespace: 'default', signal },
      ),
  };
}

const onNode = (name: string) => ({
  required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] }] },
});

describe('VolumeBinding', () => {
  it('waits for the binder where a claim is bound at once, and says so', async () => {
    await using s = start();
    s.node('a');
    s.pod('p', 'c');
    await s.clock.advance(0);
    s.claim('c');
    await s.clock.advance(0);
    s.volume('v');
    await s.complete('c', 'v');
    await s.clock.advance(10_000);
    expect(s.failures).toEqual([
      '0/1 nodes are available: persistentvolumeclaim "c" not found.',
      '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
    ]);
    expect(s.nodeOf('p')).toBe('a');
  });

  it('goes where the volume of a bound claim is', async () => {
    await using s = start();
    for (const name of ['a', 'b', 'c']) s.node(name);
    s.volume('v', { nodeAffinity: onNode('b') });
    s.bound('c', 'v');
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
  });

  it('reserves a volume with the node, and binds the pod when the binder has bound the claim', async () => {
    await using s = start();
    for (const name of ['a', 'b']) s.node(name);
    s.storageClass('kubernetes.io/no-provisioner');
    s.volume('v', { nodeAffinity: onNode('b') });
    s.claim('c');
    s.pod('p', 'c');
    await s.clock.advance(1000);
    expect(s.volumeNow('v')).toMatchObject({
      metadata: { annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes' } },
      spec: { claimRef: { name: 'c', uid: s.claimNow('c')?.metadata?.uid } },
    });
    expect(s.nodeOf('p')).toBeUndefined();
    await s.complete('c', 'v');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('b');
  });

  it('gives no volume to two pods, before the API shows who has it', async () => {
    await using s = start();
    s.node('a');
    s.storageClass('kubernetes.io/no-provisioner');
    s.volume('v');
    s.claim('c');
    s.claim('d');
    s.pod('p', 'c');
    s.pod('q', 'd');
    await s.clock.advance(0);
    expect(s.failures).toEqual(["0/1 nodes are available: 1 node(s) didn't find available persistent volumes to bind."]);
    s.volume('w');
    await s.clock.advance(10_000);
    const claimed = [s.volumeNow('v'), s.volumeNow('w')].map((volume) => volume?.spec?.claimRef?.name);
    expect(claimed.sort()).toEqual(['c', 'd']);
  });

  it('asks for a volume on the node, and starts anew when the provisioner gives up', async () => {
    await using s = start();
    s.node('a');
    s.storageClass('a.example/b');
    s.claim('c');
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.claimNow('c')?.metadata?.annotations).toEqual({ 'volume.kubernetes.io/selected-node': 'a' });
    const { metadata, spec, status } = s.claimNow('c') ?? {};
    s.cluster.seed(persistentVolumeClaims, { metadata: { ...metadata, annotations: {} }, spec, status });
    await s.clock.advance(500);
    expect(s.failures).toEqual(['binding volumes: provisioning failed for PVC "c"']);
    await s.clock.advance(60_000);
    expect(s.claimNow('c')?.metadata?.annotations).toEqual({ 'volume.kubernetes.io/selected-node': 'a' });
    s.volume('made', { nodeAffinity: onNode('a') });
    await s.complete('c', 'made');
    await s.clock.advance(0);
    expect(s.nodeOf('p')).toBe('a');
  });

  it('does not wait for ever', async () => {
    await using s = start(5);
    s.node('a');
    s.storageClass('a.example/b');
    s.claim('c');
    s.pod('p', 'c');
    await s.clock.advance(4999);
    expect(s.failures).toEqual([]);
    await s.clock.advance(1);
    expect(s.failures).toEqual(['binding volumes: context deadline exceeded']);
  });
});

describe('other rules of volumes', () => {
  it('keep a pod in the zone of its volume', async () => {
    await using s = start();
    s.node('a', { 'topology.kubernetes.io/zone': 'x' });
    s.volume('v', {}, { 'failure-domain.beta.kubernetes.io/zone': 'y__z' });
    s.bound('c', 'v');
    s.pod('p', 'c');
    await s.clock.advance(0);
    expect(s.failures).toEqual(['0/1 nodes are available: 1 node(s) had no available volume zone.']);
    s.node('b', { 'topology.kubernetes.io/zone': 'z' });
    await s.clock.advance(10_000);
    expect(s.nodeOf('p')).toBe('b');
  });

  it('let one pod alone use a claim of ReadWriteOncePod', async () => {
    await using s = start();
    s.node('a');
    s.volume('v', { accessModes: ['ReadWriteOncePod'] });
    s.bound('c', 'v', { accessModes: ['ReadWriteOncePod'] });
    s.pod('p', 'c');
    await s.clock.advance(0);
    s.pod('q', 'c');
    await s.clock.advance(0);
    expect(s.failures[0]).toContain('1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.');
    const { signal } = new AbortController();
    await s.cluster.client.delete(pods, 'p', { namespace: 'default', delete: { gracePeriodSeconds: 0 }, signal });
    await s.clock.advance(10_000);
    expect([s.nodeOf('p'), s.nodeOf('q')]).toEqual([undefined, 'a']);
  });

  it('put no more volumes of a driver on a node than it takes', async () => {
    await using s = start();
    s.node('a');
    s.cluster.seed(csiNodes, { metadata: { name: 'a' }, spec: { drivers: [{ name: 'x', nodeID: 'n', allocatable: { count: 1 } }] } });
    for (const name of ['v', 'w']) s.volume(name, { csi: { driver: 'x', volumeHandle: name } });
    s.bound('c', 'v');
    s.bound('d', 'w');
    s.pod('p', 'c');
    await s.clock.advance(0);
    s.pod('again', 'c');
    s.pod('q', 'd');
    await s.clock.advance(0);
    expect([s.nodeOf('p'), s.nodeOf('again'), s.nodeOf('q')]).toEqual(['a', 'a', undefined]);
    expect(s.failures[0]).toContain('1 node(s) exceed max volume count.');
  });
});
