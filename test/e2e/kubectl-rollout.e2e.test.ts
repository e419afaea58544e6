import { beforeAll, expect, test } from 'vitest';
import type { Deployment, List, Pod, ReplicaSet, Service } from './support/kinds.ts';
import { container, deployment, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('rollout');
const web = (version: string) => deployment('web', 2, { containers: [container(SLEEP, { env: [{ name: 'VERSION', value: version }] })] });
const status = () => ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
const pods = async () => (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=web')).items.filter((p) => !p.metadata?.deletionTimestamp);
const versions = async () => (await pods()).map((p) => p.spec?.containers[0]?.env?.[0]?.value);

beforeAll(async () => {
  await ns.apply(web('1'));
  await ns.run('annotate', 'deployment', 'web', 'kubernetes.io/change-cause=first');
  expect(await status()).toContain('deployment "web" successfully rolled out');
});

test('scale changes the number of pods, and refuses when --current-replicas is wrong', async () => {
  expect(await ns.run('scale', 'deployment/web', '--replicas=3')).toBe('deployment.apps/web scaled\n');
  await ns.until<Deployment>('three are available', 'deployment/web', ({ status: s }) => s?.availableReplicas === 3);
  expect((await ns.fails('scale', 'deployment/web', '--current-replicas=9', '--replicas=1')).stderr).toContain(
    'Expected replicas to be 9, was 3',
  );
  await ns.run('scale', 'rs', '-l', 'app=web', '--replicas=3');
  await ns.run('scale', 'deployment/web', '--replicas=2');
  await eventually('two are left', async () => (await pods()).length === 2);
});

test('a change rolls out without going below what must be available', async () => {
  await ns.apply(web('2'));
  await ns.run('annotate', 'deployment', 'web', 'kubernetes.io/change-cause=second', '--overwrite');
  expect(await status()).toContain('successfully rolled out');
  expect(await versions()).toEqual(['2', '2']);
  const { items } = await ns.json<List<ReplicaSet>>('get', 'rs', '-l', 'app=web');
  expect(items.map((rs) => [rs.metadata?.annotations?.['deployment.kubernetes.io/revision'], rs.spec?.replicas]).sort()).toEqual([
    ['1', 0],
    ['2', 2],
  ]);
  expect((await ns.json<Deployment>('get', 'deployment', 'web')).status).toMatchObject({
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    conditions: expect.arrayContaining([
      expect.objectContaining({ type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }),
      expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
    ]),
  });
});

test('history lists revisions with their causes, undo goes back', async () => {
  expect(await ns.run('rollout', 'history', 'deployment/web')).toMatch(/^1\s+first\n2\s+second$/m);
  expect(await ns.run('rollout', 'history', 'deployment/web', '--revision=1')).toMatch(/VERSION:\s+1/);
  expect(await ns.run('rollout', 'undo', 'deployment/web')).toContain('rolled back');
  await status();
  expect(await versions()).toEqual(['1', '1']);
  await ns.run('rollout', 'undo', 'deployment/web', '--to-revision=2');
  await status();
  expect(await versions()).toEqual(['2', '2']);
});

test('restart replaces every pod', async () => {
  const before = (await pods()).map((p) => p.metadata?.uid);
  await ns.run('rollout', 'restart', 'deployment/web');
  await status();
  for (const { metadata } of await pods()) expect(before).not.toContain(metadata?.uid);
});

test('a paused deployment keeps changes until it is resumed', async () => {
  await ns.run('rollout', 'pause', 'deployment/web');
  await ns.run('set', 'env', 'deployment/web', 'VERSION=3');
  await ns.until<Deployment>('the change was seen', 'deployment/web', (d) => d.status?.observedGeneration === d.metadata?.generation);
  expect(await versions()).toEqual(['2', '2']);
  expect((await ns.fails('rollout', 'restart', 'deployment/web')).stderr).toContain("can't restart paused deployment");
  await ns.run('rollout', 'resume', 'deployment/web');
  await status();
  expect(await versions()).toEqual(['3', '3']);
});

test('a rollout that cannot proceed keeps the old pods and says so', async () => {
  await ns.run('patch', 'deployment', 'web', '-p', '{"spec":{"progressDeadlineSeconds":2}}');
  await ns.run('set', 'image', 'deployment/web', 'main=example.com/none:1');
  const { stderr } = await ns.fails('rollout', 'status', 'deployment/web', '--timeout=60s');
  expect(stderr).toContain('exceeded its progress deadline');
  expect((await ns.json<Deployment>('get', 'deployment', 'web')).status?.availableReplicas).toBe(2);
  await eventually('the new pod says why', async () => /ErrImagePull|ImagePullBackOff/.test(await ns.run('get', 'pods', '-l', 'app=web')));
  await ns.run('patch', 'deployment', 'web', '-p', '{"spec":{"progressDeadlineSeconds":600}}');
  await ns.run('rollout', 'undo', 'deployment/web');
  await status();
});

test('Recreate ends the old pods before it makes new ones', async () => {
  const recreate = (version: string) => {
    const made = deployment('again', 1, { containers: [container(SLEEP, { env: [{ name: 'VERSION', value: version }] })] });
    return { ...made, spec: { ...made.spec, strategy: { type: 'Recreate' } } };
  };
  await ns.apply(recreate('1'));
  await ns.run('rollout', 'status', 'deployment/again', '--timeout=60s');
  await using watch = ns.start('get', 'pods', '-l', 'app=again', '-w', '-o', 'jsonpath={.metadata.name} {.status.phase}{"\\n"}');
  await watch.says('Running');
  await ns.apply(recreate('2'));
  await ns.run('rollout', 'status', 'deployment/again', '--timeout=60s');
  const seen = [
    ...new Set(
      watch.stdout
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ),
  ];
  expect(seen.length).toBeLessThanOrEqual(2);
  await ns.run('delete', 'deployment', 'again');
});

test('expose makes a Service for what runs', async () => {
  await ns.run('expose', 'deployment', 'web', '--port=80', '--target-port=8080', '--name=web-svc');
  expect((await ns.json<Service>('get', 'service', 'web-svc')).spec).toMatchObject({
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
  });
  await eventually('both pods are endpoints', async () => {
    const addresses = await ns.run(
      'get',
      'endpointslices',
      '-l',
      'kubernetes.io/service-name=web-svc',
      '-o',
      'jsonpath={.items[*].endpoints[*].addresses[0]}',
    );
    return addresses.split(' ').length === 2;
  });
  expect(await ns.run('get', 'endpoints', 'web-svc')).toMatch(/:8080,\S+:8080/);
});

test('an unready pod takes no part in a Service', async () => {
  const probe = { readinessProbe: { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 } };
  await ns.apply(deployment('gated', 1, { containers: [container(SLEEP, probe)] }));
  await ns.run('expose', 'deployment', 'gated', '--port=80');
  await ns.until<Deployment>('it runs unready', 'deployment/gated', (d) => d.status?.unavailableReplicas === 1);
  const pod = await eventually('its pod runs', async () => {
    const [found] = (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=gated')).items;
    return found?.status?.phase === 'Running' && found.metadata?.name;
  });
  const ready = () =>
    ns.run('get', 'endpointslices', '-l', 'kubernetes.io/service-name=gated', '-o', 'jsonpath={.items[*].endpoints[*].conditions.ready}');
  await eventually('it is listed as not ready', async () => (await ready()) === 'false');
  await ns.sh(pod, 'touch /tmp/ready');
  await eventually('it is ready', async () => (await ready()) === 'true');
});
