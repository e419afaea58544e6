import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Deployment, Node } from '../../src/api/schema/generated/types.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { container, deployment, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-dev-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
let dev: ChildProcess;
let exited: Promise<number | null>;

beforeAll(async () => {
  const args = [
    'dev',
    '--data-dir',
    directory,
    '--https-listen-port',
    '7443',
    '--nodes',
    '3',
    '--runtime-config',
    'storagemigration.k8s.io/v1beta1=true',
  ];
  dev = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => dev.once('exit', resolve));
  await eventually(
    'it is ready',
    async () => existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok',
  );
});
afterAll(async () => {
  dev.kill('SIGKILL');
  await exited;
  rmSync(directory, { recursive: true, force: true });
});

test('minik dev has as many Ready nodes as asked', async () => {
  await eventually('three are Ready', async () => ((await ns.run('get', 'nodes')).match(/\sReady\s/g) ?? []).length === 3);
});

test('pods run on fake nodes, and Deployments roll out', async () => {
  await ns.apply(deployment('web', 6), pod('single'));
  expect(await ns.run('rollout', 'status', 'deployment/web', '--timeout=30s')).toContain('successfully rolled out');
  await ns.podReady('single');
  const nodes = (await ns.run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}')).split(' ');
  expect(new Set(nodes).size).toBe(3);
  await ns.run('delete', 'deployment', 'web', '--cascade=foreground', '--timeout=30s');
});

test('a rollout to an image that nobody has hangs, and going back leaves alone what it had not reached', async () => {
  const { spec } = deployment('daemon', 1);
  const daemon = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'daemon' },
    spec: { selector: spec?.selector, template: spec?.template },
  };
  await ns.apply(daemon);
  expect(await ns.run('rollout', 'status', 'daemonset/daemon', '--timeout=30s')).toContain('successfully rolled out');
  const before = await uids('app=daemon');
  await ns.run('set', 'image', 'daemonset/daemon', '*=foo:non-existent');
  await eventually('one pod waits for the image', async () =>
    (await ns.run('get', 'pods', '-l', 'app=daemon')).includes('ImagePullBackOff'),
  );
  expect(await ns.run('get', 'events')).toMatch(/Failed\s+pod\/daemon-\w+\s+Failed to pull image "foo:non-existent": .*: not found/);
  const during = await uids('app=daemon');
  expect(before.filter((uid) => during.includes(uid))).toHaveLength(2);
  await ns.run('rollout', 'undo', 'daemonset/daemon');
  expect(await ns.run('rollout', 'status', 'daemonset/daemon', '--timeout=30s')).toContain('successfully rolled out');
  const after = await uids('app=daemon');
  expect(before.filter((uid) => after.includes(uid))).toHaveLength(2);
  await ns.run('delete', 'daemonset', 'daemon', '--cascade=foreground', '--timeout=30s');
});

const uids = async (selector: string) =>
  (await ns.run('get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.uid}')).split(' ').toSorted();

test('a volume of a CSI driver is attached to the node of its pod, and detached when the pod is gone', async () => {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  const csi = { driver: 'disk.example.com', volumeHandle: 'disk-1' };
  await ns.apply(
    { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'disk' }, spec: { ...common, capacity: { storage: '1Gi' }, csi } },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'disk' },
      spec: { ...common, volumeName: 'disk', resources: { requests: { storage: '1Gi' } } },
    },
    pod('user', { volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }] }),
  );
  const attachments = () => ns.run('get', 'volumeattachments', '--no-headers', '--ignore-not-found');
  await eventually('it is to be attached', async () => /^csi-\w+\s+disk.example.com\s+disk\s+fake-\d\s+false/.test(await attachments()));
  const [name = ''] = (await attachments()).split(/\s/);
  await ns.run('patch', 'volumeattachment', name, '--subresource=status', '--type=merge', '-p', '{"status":{"attached":true}}');
  const node = await ns.run('get', 'pod', 'user', '-o', 'jsonpath={.spec.nodeName}');
  await ns.until<Node>('the node is told', `node/${node}`, ({ status }) =>
    status?.volumesAttached?.some((volume) => volume.name === 'kubernetes.io/csi/disk.example.com^disk-1'),
  );
  await eventually('the pod is told', async () =>
    (await ns.run('describe', 'pod', 'user')).includes('AttachVolume.Attach succeeded for volume "disk"'),
  );
  await ns.run('delete', 'pod', 'user', '--grace-period=0', '--force');
  await eventually('it is detached', async () => (await attachments()) === '');
  await ns.until<Node>('the node is told again', `node/${node}`, ({ status }) => !status?.volumesAttached?.length);
  await ns.run('delete', 'pvc,pv', 'disk', '--timeout=30s');
});

test('fake pods use what their annotations say, and autoscalers act on it', async () => {
  await ns.apply(deployment('load', 2, { containers: [container(SLEEP, { resources: { requests: { cpu: '100m' } } })] }));
  await ns.run('rollout', 'status', 'deployment/load', '--timeout=30s');
  await ns.run('annotate', 'pods', '-l', 'app=load', 'fake.minik.dev/cpu-usage=150m', 'fake.minik.dev/memory-usage=64Mi');
  await eventually('kubectl top shows it', async () => {
    const text = await ns.run('top', 'pods', '-l', 'app=load', '--no-headers');
    return [...text.matchAll(/^load-\S+\s+1[45]\dm\s+64Mi\s*$/gm)].length === 2;
  });
  expect(await ns.run('top', 'nodes', '--no-headers')).toMatch(/^fake-0\s+\d+m\s+\d+%\s+\d+Mi\s/m);
  await ns.run('autoscale', 'deployment', 'load', '--min=1', '--max=5', '--cpu-percent=80');
  await ns.until<Deployment>('it has grown', 'deployment/load', ({ spec }) => spec?.replicas === 4, 60_000);
  expect(await ns.run('get', '--raw', '/api/v1/nodes/fake-1/proxy/metrics/resource')).toContain('\nnode_cpu_usage_seconds_total ');
  await ns.run('delete', 'hpa,deployment', 'load', '--cascade=foreground', '--timeout=30s');
});

test('kinds that are off by default are served when asked for, and act', async () => {
  const spec = { resource: { group: '', resource: 'configmaps' } };
  await ns.apply({ apiVersion: 'storagemigration.k8s.io/v1beta1', kind: 'StorageVersionMigration', metadata: { name: 'maps' }, spec });
  await eventually('the migration is over', async () =>
    /^maps\s+configmaps\s+Succeeded\s*$/.test(await ns.run('get', 'storageversionmigrations', '--no-headers')),
  );
});

test('SIGTERM ends it with exit code 0', async () => {
  dev.kill('SIGTERM');
  expect(await exited).toBe(0);
});
