import { expect, test } from 'vitest';
import type { ConfigMap, List, Pod, ReplicaSet } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { configMap, container, deployment, pod } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('delete');
/** Pods that no node takes: they are there without being run. */
const idle = { nodeSelector: { 'no/such': 'node' } };
const names = async (kind: string, selector: string) =>
  (await ns.run('get', kind, '-l', selector, '-o', 'name')).split('\n').filter(Boolean);

async function deployed(name: string): Promise<void> {
  await ns.apply(deployment(name, 2, idle));
  await eventually('two pods', async () => (await names('pods', `app=${name}`)).length === 2);
}

test('delete takes names, selectors, files and --all', async () => {
  await ns.apply(...[1, 2, 3, 4].map((i) => ({ ...configMap(`d-${i}`, {}), metadata: { name: `d-${i}`, labels: { i: String(i % 2) } } })));
  expect(await ns.run('delete', 'cm', 'd-1')).toMatch(/^configmap "d-1" deleted/);
  await ns.run('delete', 'cm', '-l', 'i=0');
  await ns.with({ input: JSON.stringify(configMap('d-3', {})) }, 'delete', '-f', '-');
  expect(await names('cm', 'i')).toEqual([]);
  expect((await ns.fails('delete', 'cm', 'd-1')).stderr).toContain('Error from server (NotFound)');
  await ns.run('delete', 'cm', '--all');
  await ns.until<ConfigMap>('the root CA map comes back', 'cm/kube-root-ca.crt', (map) => map.data?.['ca.crt']?.startsWith('-----BEGIN'));
});

test('background deletion removes the owner at once and what it owned later', async () => {
  await deployed('background');
  await ns.run('delete', 'deployment', 'background', '--cascade=background');
  await eventually('nothing is left', async () => (await names('rs,pods', 'app=background')).length === 0);
});

test('foreground deletion keeps the owner until what it owned is gone', async () => {
  await deployed('foreground');
  await ns.run('delete', 'deployment', 'foreground', '--cascade=foreground', '--timeout=40s');
  expect(await names('deployments,rs,pods', 'app=foreground')).toEqual([]);
});

test('orphaning leaves what was owned, without an owner', async () => {
  await deployed('orphan');
  await ns.run('delete', 'deployment', 'orphan', '--cascade=orphan');
  const { items } = await ns.json<List<ReplicaSet>>('get', 'rs', '-l', 'app=orphan');
  expect(items).toHaveLength(1);
  expect(items[0]?.metadata?.ownerReferences).toBeUndefined();
  const adopted = deployment('orphan', 2, idle);
  await ns.apply(adopted);
  await eventually('the same ReplicaSet is adopted', async () => {
    const [again] = (await ns.json<List<ReplicaSet>>('get', 'rs', '-l', 'app=orphan')).items;
    return again?.metadata?.uid === items[0]?.metadata?.uid && again?.metadata?.ownerReferences?.[0]?.name === 'orphan';
  });
  await ns.run('delete', 'deployment', 'orphan');
});

test('finalizers hold an object until they are removed', async () => {
  await ns.apply({ ...configMap('held', {}), metadata: { name: 'held', finalizers: ['example.com/hold'] } });
  await ns.run('delete', 'cm', 'held', '--wait=false');
  expect((await ns.json<ConfigMap>('get', 'cm', 'held')).metadata?.deletionTimestamp).toBeTruthy();
  expect((await ns.fails('delete', 'cm', 'held', '--timeout=1s')).stderr).toContain('timed out waiting for the condition');
  await ns.run('patch', 'cm', 'held', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
  expect((await ns.fails('get', 'cm', 'held')).stderr).toContain('not found');
});

test('a pod is given its grace; --force and --grace-period=0 end it at once', async () => {
  const stubborn = { terminationGracePeriodSeconds: 60, containers: [container("trap '' TERM; while true; do sleep 1; done")] };
  await ns.apply(pod('graceful', stubborn));
  await ns.podReady('graceful');
  await ns.run('delete', 'pod', 'graceful', '--grace-period=40', '--wait=false');
  expect((await ns.json<Pod>('get', 'pod', 'graceful')).metadata).toMatchObject({ deletionGracePeriodSeconds: 40 });
  expect(await ns.run('get', 'pod', 'graceful')).toMatch(/\sTerminating\s/);
  const { stderr } = await ns.with({}, 'delete', 'pod', 'graceful', '--grace-period=0', '--force');
  expect(stderr).toContain('Immediate deletion does not wait');
  expect((await ns.fails('get', 'pod', 'graceful')).stderr).toContain('not found');
});

test('--wait returns when the pod is gone, SIGTERM heard', async () => {
  await ns.apply(pod('waited'));
  await ns.podReady('waited');
  await ns.run('delete', 'pod', 'waited', '--wait=true', '--timeout=30s');
  expect((await ns.fails('get', 'pod', 'waited')).stderr).toContain('not found');
});

test('a namespace takes everything in it along', async () => {
  await kubectl(['create', 'namespace', 'e2e-doomed']);
  await kubectl(['-n', 'e2e-doomed', 'create', 'deployment', 'web', '--image=example.com/none:1', '--replicas=2']);
  await kubectl(['-n', 'e2e-doomed', 'create', 'configmap', 'kept', '--from-literal=a=b']);
  await kubectl(['delete', 'namespace', 'e2e-doomed', '--timeout=60s']);
  expect((await kubectl(['-n', 'e2e-doomed', 'get', 'cm,deploy,rs,pods', '-o', 'name'])).stdout).toBe('');
  const { stderr } = await kubectl(['-n', 'e2e-doomed', 'create', 'configmap', 'late'], { mayFail: true });
  expect(stderr).toContain('namespaces "e2e-doomed" not found');
});

test('the namespaces of the system may not be deleted', async () => {
  for (const name of ['default', 'kube-system', 'kube-public'])
    expect((await kubectl(['delete', 'namespace', name], { mayFail: true })).stderr).toContain('this namespace may not be deleted');
});
