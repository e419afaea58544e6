import { beforeAll, expect, test } from 'vitest';
import type { ConfigMap, List } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { configMap, deployment, pod } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('get');
const lines = (text: string) => text.trimEnd().split('\n');

beforeAll(async () => {
  await ns.apply(
    ...Array.from({ length: 12 }, (_, i) => ({
      ...configMap(`map-${String(i).padStart(2, '0')}`, { index: String(12 - i) }),
      metadata: { name: `map-${String(i).padStart(2, '0')}`, labels: { part: i % 2 ? 'odd' : 'even', set: 'maps' } },
    })),
  );
  await ns.apply(pod('unscheduled', { nodeSelector: { 'no/such': 'node' } }), deployment('web', 0));
});

test('the table has the columns of upstream, and wide adds more', async () => {
  const [header, row] = lines(await ns.run('get', 'pod', 'unscheduled'));
  expect(header?.split(/\s+/)).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE']);
  expect(row).toMatch(/^unscheduled\s+0\/1\s+Pending\s+0\s+\S+$/);
  const wide = lines(await ns.run('get', 'deployments', '-o', 'wide'));
  expect(wide[0]?.split(/\s{2,}/)).toEqual(['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR']);
  expect(wide[1]).toMatch(/^web\s+0\/0\s+0\s+0\s+\S+\s+main\s+example\.com\/minik\/busybox:1\s+app=web$/);
  expect(lines(await ns.run('get', 'pod', 'unscheduled', '--no-headers', '--show-labels'))[0]).toMatch(/\sapp=unscheduled$/);
  expect(lines(await ns.run('get', 'configmaps', '-L', 'part', '-l', 'set'))[1]).toMatch(/^map-00\s+1\s+\S+\s+even$/);
});

test('yaml, json and name print whole objects', async () => {
  const map = await ns.json<ConfigMap>('get', 'cm', 'map-03');
  expect(map).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', data: { index: '9' }, metadata: { namespace: ns.namespace } });
  expect(map.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(map.metadata?.resourceVersion).toMatch(/^\d+$/);
  const yaml = await ns.run('get', 'cm', 'map-03', '-o', 'yaml');
  expect(yaml).toMatch(/^apiVersion: v1\ndata:\n {2}index: "9"\nkind: ConfigMap\nmetadata:\n/);
  expect(await ns.run('get', 'deploy/web', 'cm/map-01', '-o', 'name')).toBe('deployment.apps/web\nconfigmap/map-01\n');
});

test('jsonpath, go-template and custom-columns pick fields', async () => {
  expect(await ns.run('get', 'cm', '-l', 'part=odd', '-o', 'jsonpath={range .items[*]}{.metadata.name}={.data.index} {end}')).toBe(
    'map-01=11 map-03=9 map-05=7 map-07=5 map-09=3 map-11=1 ',
  );
  expect(await ns.run('get', 'cm', 'map-02', '-o', 'go-template={{.metadata.name}}/{{len .data}}')).toBe('map-02/1');
  expect(lines(await ns.run('get', 'cm', '-l', 'part=odd', '-o', 'custom-columns=N:.metadata.name,I:.data.index'))[1]).toMatch(
    /^map-01\s+11$/,
  );
});

test('label selectors with sets, equality and negation filter on the server', async () => {
  const names = async (selector: string) => lines(await ns.run('get', 'cm', '-o', 'name', '-l', selector)).length;
  expect(await names('set=maps')).toBe(12);
  expect(await names('part in (odd,other),set')).toBe(6);
  expect(await names('set,part!=odd')).toBe(6);
  expect(await names('set,part notin (odd, even)').catch(() => 0)).toBe(1);
  expect(await ns.run('get', 'cm', '-o', 'name', '-l', '!set')).toBe('configmap/kube-root-ca.crt\n');
});

test('field selectors filter by name, phase and node, and others are refused', async () => {
  expect(await ns.run('get', 'cm', '-o', 'name', '--field-selector', 'metadata.name=map-04')).toBe('configmap/map-04\n');
  expect(await ns.run('get', 'pods', '-o', 'name', '--field-selector', 'status.phase=Pending,spec.nodeName=')).toBe('pod/unscheduled\n');
  expect(await ns.run('get', 'pods', '-o', 'name', '--field-selector', 'status.phase!=Pending')).toBe('');
  const { stderr } = await ns.fails('get', 'pods', '--field-selector', 'spec.bogus=1');
  expect(stderr).toMatch(/BadRequest.*field label .*spec\.bogus/);
});

test('--sort-by sorts, and --chunk-size pages without losing or repeating any', async () => {
  const sorted = lines(
    await ns.run('get', 'cm', '-l', 'set', '--sort-by={.data.index}', '-o', 'custom-columns=I:.data.index', '--no-headers'),
  );
  // kubectl sorts texts as people do: 9 before 10.
  expect(sorted).toEqual([...sorted].sort((a, b) => Number(a) - Number(b)));
  expect(new Set(lines(await ns.run('get', 'cm', '-l', 'set', '-o', 'name', '--chunk-size=5'))).size).toBe(12);
  const path = `/api/v1/namespaces/${ns.namespace}/configmaps?labelSelector=set&limit=5`;
  const first = JSON.parse(await ns.run('get', '--raw', path)) as List<ConfigMap>;
  expect(first.items).toHaveLength(5);
  expect(first.metadata?.continue).toBeTruthy();
  const rest = JSON.parse(await ns.run('get', '--raw', `${path}&continue=${first.metadata?.continue}`)) as List<ConfigMap>;
  expect(rest.items.map((m) => m.metadata?.name)).toEqual(['map-05', 'map-06', 'map-07', 'map-08', 'map-09']);
  expect(rest.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
});

test('-A lists every namespace, and several kinds come in one answer', async () => {
  expect(await kubectl(['get', 'namespaces', '-o', 'name'])).toMatchObject({
    stdout: expect.stringMatching(
      /namespace\/default\n[\s\S]*namespace\/kube-node-lease\n[\s\S]*namespace\/kube-public\n[\s\S]*namespace\/kube-system\n/,
    ),
  });
  const all = lines(await ns.run('get', 'cm', '-A'));
  expect(all[0]).toMatch(/^NAMESPACE\s+NAME\s+DATA\s+AGE$/);
  expect(all.some((line) => line.startsWith('default '))).toBe(true);
  expect(all.some((line) => line.startsWith(`${ns.namespace} `))).toBe(true);
  expect(await ns.run('get', 'all')).toMatch(/pod\/unscheduled[\s\S]*deployment\.apps\/web/);
});

test('-w tells of what is created, changed and deleted, in order', async () => {
  await using watch = ns.start(
    'get',
    'cm',
    '--field-selector',
    'metadata.name=watched',
    '-w',
    '--output-watch-events',
    '-o',
    'jsonpath={.type}:{.object.data.v} ',
  );
  await using all = ns.start('get', 'cm', '--watch-only', '-l', 'w=1', '-o', 'jsonpath={.metadata.name}={.data.v} ');
  await ns.run('get', 'cm');
  for (const v of ['1', '2', '3'])
    await ns.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'watched', labels: { w: '1' } }, data: { v } });
  await ns.run('delete', 'cm', 'watched');
  await all.says('watched=1 watched=2 watched=3 watched=3');
  await watch.says('ADDED:1 MODIFIED:2 MODIFIED:3 DELETED:3');
});

test('what does not exist is said in upstream words with exit code 1', async () => {
  expect(await ns.fails('get', 'cm', 'nope')).toMatchObject({
    exitCode: 1,
    stderr: 'Error from server (NotFound): configmaps "nope" not found\n',
  });
  expect((await ns.fails('get', 'gizmos')).stderr).toContain('the server doesn\'t have a resource type "gizmos"');
  expect(await ns.run('get', 'cm', 'nope', '--ignore-not-found')).toBe('');
  expect((await ns.with({}, 'get', 'jobs')).stderr).toBe(`No resources found in ${ns.namespace} namespace.\n`);
});
