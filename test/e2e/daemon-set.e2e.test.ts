import { beforeAll, expect, test } from 'vitest';
import { NODE_NAME } from './support/cluster.ts';
import type { ControllerRevision, DaemonSet, List, Pod } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { container, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('daemon');
const LABEL = 'e2e-daemon-color';

const daemon = (version: string, spec: Partial<DaemonSet['spec']> = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'd', labels: { app: 'd' } },
  spec: {
    selector: { matchLabels: { app: 'd' } },
    template: {
      metadata: { labels: { app: 'd' } },
      spec: { terminationGracePeriodSeconds: 1, containers: [container(SLEEP, { env: [{ name: 'VERSION', value: version }] })] },
    },
    ...spec,
  },
});
const status = () => ns.run('rollout', 'status', 'daemonset/d', '--timeout=60s');
const pods = async () => (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=d')).items.filter((p) => !p.metadata?.deletionTimestamp);
const versions = async () => (await pods()).map((p) => p.spec?.containers[0]?.env?.[0]?.value);
const revisions = async () => (await ns.json<List<ControllerRevision>>('get', 'controllerrevisions', '-l', 'app=d')).items;

beforeAll(async () => {
  await ns.apply(daemon('1'));
  expect(await status()).toContain('daemon set "d" successfully rolled out');
});

test('one pod runs on the node, placed there by the scheduler, and the columns count it', async () => {
  const [pod, ...others] = await pods();
  expect([others.length, pod?.spec?.nodeName, pod?.spec?.schedulerName]).toEqual([0, NODE_NAME, 'default-scheduler']);
  expect(pod?.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution).toEqual({
    nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [NODE_NAME] }] }],
  });
  expect(pod?.spec?.tolerations?.map((t) => `${t.key}:${t.effect}`).sort()).toEqual([
    'node.kubernetes.io/disk-pressure:NoSchedule',
    'node.kubernetes.io/memory-pressure:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
    'node.kubernetes.io/pid-pressure:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
    'node.kubernetes.io/unschedulable:NoSchedule',
  ]);
  expect(await ns.run('get', 'ds', 'd')).toMatch(/^d\s+1\s+1\s+1\s+1\s+1\s+<none>/m);
  expect(await ns.run('describe', 'ds', 'd')).toMatch(/^Annotations:\s+deprecated.daemonset.template.generation: 1$/m);
  expect(pod?.metadata?.labels?.['pod-template-generation']).toBe('1');
  expect(await ns.run('describe', 'ds', 'd')).toMatch(/SuccessfulCreate\s.*daemonset-controller\s+Created pod: d-/);
  expect((await revisions()).map((r) => [r.revision, r.metadata?.labels?.['controller-revision-hash']])).toEqual([
    [1, pod?.metadata?.labels?.['controller-revision-hash']],
  ]);
  expect(await ns.run('get', 'controllerrevisions')).toContain('daemonset.apps/d');
});

test('a pod that is deleted or fails comes back', async () => {
  const [first] = await pods();
  await ns.run('delete', 'pod', first?.metadata?.name ?? '');
  await status();
  const [second] = await pods();
  expect(second?.metadata?.uid).not.toBe(first?.metadata?.uid);
  const name = second?.metadata?.name ?? '';
  await ns.run('patch', 'pod', name, '--subresource=status', '-p', '{"status":{"phase":"Failed"}}');
  await eventually('another pod runs', async () => {
    const [third] = await pods();
    return third && third.metadata?.uid !== second?.metadata?.uid && third.status?.phase === 'Running';
  });
  expect(await ns.run('describe', 'ds', 'd')).toContain(`Found failed daemon pod ${ns.namespace}/${name} on node ${NODE_NAME}`);
});

test('a change rolls out, the history lists it, undo goes back', async () => {
  await ns.run('annotate', 'ds', 'd', 'kubernetes.io/change-cause=second');
  await ns.run('set', 'env', 'ds/d', 'VERSION=2');
  expect(await status()).toContain('successfully rolled out');
  expect(await versions()).toEqual(['2']);
  expect(await ns.run('rollout', 'history', 'ds/d')).toMatch(/^1\s+<none>\n2\s+second$/m);
  expect(await ns.run('rollout', 'history', 'ds/d', '--revision=1')).toMatch(/VERSION:\s+1/);
  expect(await ns.run('rollout', 'undo', 'daemonset/d')).toContain('rolled back');
  await status();
  expect(await versions()).toEqual(['1']);
  expect((await revisions()).map((r) => r.revision).sort()).toEqual([2, 3]);
  await ns.run('rollout', 'undo', 'daemonset/d', '--to-revision=2');
  await status();
  expect(await versions()).toEqual(['2']);
});

test('with a surge the new pod is there before the old one goes', async () => {
  await ns.run('patch', 'ds', 'd', '-p', '{"spec":{"updateStrategy":{"rollingUpdate":{"maxUnavailable":0,"maxSurge":1}}}}');
  const [old] = await pods();
  await ns.run('set', 'image', 'ds/d', 'main=example.com/none:1');
  await eventually('both are there', async () => (await pods()).length === 2);
  expect((await pods()).find((p) => p.metadata?.uid === old?.metadata?.uid)?.status?.phase).toBe('Running');
  await ns.run('rollout', 'undo', 'ds/d');
  await eventually('one is left', async () => (await pods()).length === 1);
  await status();
  expect(await versions()).toEqual(['2']);
  await ns.run('rollout', 'restart', 'ds/d');
  await status();
  expect((await pods())[0]?.metadata?.uid).not.toBe(old?.metadata?.uid);
});

test('OnDelete waits for somebody to delete the pod', async () => {
  await ns.run('patch', 'ds', 'd', '-p', '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}');
  await ns.run('set', 'env', 'ds/d', 'VERSION=3');
  await ns.until<DaemonSet>('the change was seen', 'ds/d', (d) => d.status?.observedGeneration === d.metadata?.generation);
  expect([await versions(), (await ns.json<DaemonSet>('get', 'ds', 'd')).status?.updatedNumberScheduled ?? 0]).toEqual([['2'], 0]);
  await ns.run('delete', 'pod', '-l', 'app=d');
  await eventually('the new one runs', async () => (await versions()).join() === '3');
  await ns.until<DaemonSet>('it is up to date', 'ds/d', (d) => d.status?.updatedNumberScheduled === 1);
});

test('a label that the node loses takes the pod away, and brings it back', async () => {
  await kubectl(['label', 'node', NODE_NAME, `${LABEL}=blue`]);
  await ns.run(
    'patch',
    'ds',
    'd',
    '-p',
    `{"spec":{"updateStrategy":{"type":"RollingUpdate"},"template":{"spec":{"nodeSelector":{"${LABEL}":"blue"}}}}}`,
  );
  await status();
  await kubectl(['label', 'node', NODE_NAME, `${LABEL}=green`, '--overwrite']);
  await eventually('no pod is left', async () => (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=d')).items.length === 0);
  await ns.until<DaemonSet>('none is wanted', 'ds/d', (d) => d.status?.desiredNumberScheduled === 0 && d.status.numberReady === 0);
  await kubectl(['label', 'node', NODE_NAME, `${LABEL}=blue`, '--overwrite']);
  await ns.until<DaemonSet>('it is back', 'ds/d', (d) => d.status?.numberAvailable === 1);
  await kubectl(['label', 'node', NODE_NAME, `${LABEL}-`]);
});

test('deleting it takes its pods and its history along', async () => {
  await ns.run('delete', 'ds', 'd');
  await eventually('nothing is left', async () => (await pods()).length === 0 && (await revisions()).length === 0);
});
