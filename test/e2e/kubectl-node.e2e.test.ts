import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Lease, List, Node, Pod } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { deployment, pod } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('node');
const NODE = 'node-a';
const admin = async (...args: string[]) => (await kubectl(args)).stdout;
const pods = async (name: string) =>
  (await ns.json<List<Pod>>('get', 'pods', '-l', `app=${name}`)).items.filter((p) => !p.metadata?.deletionTimestamp);

beforeAll(async () => {
  await ns.apply(deployment('web', 2));
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
});
/** What one test leaves of the node must not fail the next. */
afterEach(async () => {
  await kubectl(['uncordon', NODE], { mayFail: true });
  await kubectl(['taint', 'node', NODE, 'e2e-'], { mayFail: true });
});

test('the node tells what a kubelet tells', async () => {
  const node = await ns.json<Node>('get', 'node', NODE);
  expect(node.metadata?.labels).toMatchObject({
    'kubernetes.io/hostname': NODE,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': expect.stringMatching(/^(amd64|arm64)$/),
  });
  expect(node.status?.nodeInfo).toMatchObject({ operatingSystem: 'linux', kubeletVersion: expect.stringMatching(/^v1\.36\./) });
  expect(Object.keys(node.status?.allocatable ?? {})).toEqual(expect.arrayContaining(['cpu', 'ephemeral-storage', 'memory', 'pods']));
  expect(node.status?.conditions?.map((c) => [c.type, c.status]).sort()).toEqual([
    ['DiskPressure', 'False'],
    ['MemoryPressure', 'False'],
    ['PIDPressure', 'False'],
    ['Ready', 'True'],
  ]);
  const lease = JSON.parse(await admin('get', 'lease', NODE, '-n', 'kube-node-lease', '-o', 'json')) as Lease;
  expect(Date.now() - Date.parse(lease.spec?.renewTime ?? '')).toBeLessThan(40_000);
});

test('a cordoned node takes no new pods, an uncordoned one does', async () => {
  expect(await admin('cordon', NODE)).toBe(`node/${NODE} cordoned\n`);
  expect(await admin('get', 'node', NODE)).toContain('Ready,SchedulingDisabled');
  await ns.apply(pod('late'));
  await eventually('it is refused', async () => (await ns.run('events', '--for', 'pod/late')).includes('1 node(s) were unschedulable'));
  expect((await ns.json<Pod>('get', 'pod', 'late')).spec?.nodeName).toBeUndefined();
  expect(await admin('uncordon', NODE)).toBe(`node/${NODE} uncordoned\n`);
  await ns.podReady('late');
});

test('drain evicts what is managed, refuses what is not unless forced', async () => {
  // Of the whole cluster only the pods of this test: other files' namespaces may still be going away.
  const drain = ['drain', NODE, '--pod-selector=app in (web,late)', '--timeout=30s'];
  expect((await kubectl(drain, { mayFail: true })).stderr).toContain('cannot delete Pods that declare no controller');
  const before = (await pods('web')).map((p) => p.metadata?.name);
  const { stdout } = await kubectl([...drain, '--force']);
  expect(stdout).toContain(`node/${NODE} drained`);
  for (const name of before) expect((await ns.fails('get', 'pod', String(name))).stderr).toContain('not found');
  await admin('uncordon', NODE);
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
});

test('taints keep pods away, tolerations let them in, NoExecute ends what runs', async () => {
  await admin('taint', 'node', NODE, 'e2e=yes:NoSchedule');
  const toleration = { key: 'e2e', operator: 'Equal', value: 'yes', effect: 'NoSchedule' };
  await ns.apply(pod('refused'), pod('tolerated', { tolerations: [toleration] }));
  await ns.podReady('tolerated');
  expect(await ns.run('events', '--for', 'pod/refused')).toContain('untolerated taint');
  await admin('taint', 'node', NODE, 'e2e=yes:NoSchedule-');
  await ns.podReady('refused');
  // A key of its own value: nothing but these pods may run meanwhile.
  await admin('taint', 'node', NODE, 'e2e=out:NoExecute');
  await eventually('it is ended', async () => (await ns.with({ mayFail: true }, 'get', 'pod', 'refused')).stderr.includes('not found'));
  await admin('taint', 'node', NODE, 'e2e-');
});

test('node labels and selectors choose the node', async () => {
  await ns.apply(pod('picky', { nodeSelector: { 'e2e/disk': 'fast' } }));
  await eventually('it waits', async () =>
    (await ns.run('events', '--for', 'pod/picky')).includes("didn't match Pod's node affinity/selector"),
  );
  await admin('label', 'node', NODE, 'e2e/disk=fast');
  await ns.podReady('picky');
  await admin('label', 'node', NODE, 'e2e/disk-');
});

test('wait waits for conditions, fields, creation and deletion, and tells when time is up', async () => {
  expect(await ns.run('wait', '--for=condition=Available', 'deployment/web', '--timeout=30s')).toBe('deployment.apps/web condition met\n');
  expect(await ns.run('wait', '--for=jsonpath={.status.phase}=Running', 'pod', '-l', 'app=web', '--timeout=30s')).toContain(
    'condition met',
  );
  await using creation = ns.start('wait', '--for=create', 'configmap/soon', '--timeout=30s');
  await ns.run('create', 'configmap', 'soon');
  expect(await creation.exited).toBe(0);
  await using deletion = ns.start('wait', '--for=delete', 'configmap/soon', '--timeout=30s');
  await ns.run('delete', 'configmap', 'soon');
  expect(await deletion.exited).toBe(0);
  expect((await ns.fails('wait', '--for=condition=Nope', 'deployment/web', '--timeout=1s')).stderr).toContain(
    'timed out waiting for the condition',
  );
});
