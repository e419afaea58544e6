import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { ContainerStatus, Pod } from './support/kinds.ts';
import { container, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('lifecycle');
const shared = { volumes: [{ name: 'shared', emptyDir: {} }] };
const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
const first = (pod: Pod): ContainerStatus | undefined => pod.status?.containerStatuses?.[0];
const ended = (name: string, phase: 'Succeeded' | 'Failed') =>
  ns.until<Pod>(`it is ${phase}`, `pod/${name}`, (p) => p.status?.phase === phase);

/** Started together: most of the time here is spent waiting. */
beforeAll(async () => {
  await ns.apply(
    pod('order', {
      ...shared,
      initContainers: [
        container('echo one >>/shared/order; sleep 0.5', { name: 'one', volumeMounts }),
        container('echo sidecar >>/shared/order; trap "echo stopped >>/proc/1/fd/1; exit 0" TERM; sleep 3600 & wait', {
          name: 'sidecar',
          restartPolicy: 'Always',
          volumeMounts,
        }),
        container('echo two >>/shared/order', { name: 'two', volumeMounts }),
      ],
      containers: [container(`echo main >>/shared/order; ${SLEEP}`, { volumeMounts })],
    }),
    pod('with-sidecar', {
      restartPolicy: 'Never',
      initContainers: [container(SLEEP, { name: 'sidecar', restartPolicy: 'Always' })],
      containers: [container('echo done')],
    }),
    pod('good', { restartPolicy: 'Never', containers: [container('exit 0')] }),
    pod('bad', { restartPolicy: 'Never', containers: [container('echo reason >/dev/termination-log; exit 9')] }),
    pod('bad-init', { restartPolicy: 'Never', initContainers: [container('exit 4', { name: 'init' })] }),
    pod('crash', { containers: [container('echo trying; exit 1', { terminationMessagePolicy: 'FallbackToLogsOnError' })] }),
    pod('deadline', { restartPolicy: 'Never', activeDeadlineSeconds: 2 }),
    pod('no-image', { containers: [{ name: 'main', image: 'example.com/none:1' }] }),
    pod('never', { containers: [{ name: 'main', image: 'example.com/none:1', imagePullPolicy: 'Never' }] }),
    pod('bad-command', {
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: 'example.com/minik/busybox:1', command: ['/nonesuch'] }],
    }),
    pod('hooks', {
      terminationGracePeriodSeconds: 10,
      volumes: [{ name: 'shared', hostPath: { path: `${process.env.MINIK_E2E_DIR}/hooks`, type: 'DirectoryOrCreate' } }],
      containers: [
        container('trap "echo term >>/shared/log; exit 0" TERM; while true; do sleep 0.1; done', {
          volumeMounts,
          lifecycle: {
            postStart: { exec: { command: ['sh', '-c', 'echo started >>/shared/log'] } },
            preStop: { exec: { command: ['sh', '-c', 'echo prestop >>/shared/log; sleep 1; echo slept >>/shared/log'] } },
          },
        }),
      ],
    }),
    pod('healing'),
  );
});

test('init containers run one after the other, sidecars stay beside the app', async () => {
  const { status } = await ns.podReady('order');
  expect(await ns.sh('order', 'cat /shared/order', '-c', 'main')).toBe('one\nsidecar\ntwo\nmain\n');
  expect(status?.initContainerStatuses?.map((c) => Object.keys(c.state ?? {})[0])).toEqual(['terminated', 'running', 'terminated']);
  expect(status?.conditions?.map((c) => [c.type, c.status])).toEqual(
    expect.arrayContaining([
      ['Initialized', 'True'],
      ['ContainersReady', 'True'],
      ['Ready', 'True'],
      ['PodReadyToStartContainers', 'True'],
    ]),
  );
  expect(await ns.run('get', 'pod', 'order')).toMatch(/^order\s+2\/2\s+Running\s/m);
});

test('a pod with a sidecar is done when its app is', async () => {
  await ended('with-sidecar', 'Succeeded');
});

test('a container that ends is not started again under Never; its exit code and message are told', async () => {
  expect(first(await ended('good', 'Succeeded'))?.state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
  expect(first(await ended('bad', 'Failed'))).toMatchObject({
    restartCount: 0,
    state: { terminated: { exitCode: 9, reason: 'Error', message: 'reason\n' } },
  });
  expect(await ns.run('get', 'pods', 'good', 'bad')).toMatch(/^good\s+0\/1\s+Completed\s[\s\S]*^bad\s+0\/1\s+Error\s/m);
});

test('a failed init container fails the pod, and the app never runs', async () => {
  const failed = await ended('bad-init', 'Failed');
  expect(first(failed)?.state?.waiting?.reason).toBe('PodInitializing');
  expect(await ns.run('get', 'pod', 'bad-init')).toMatch(/\sInit:Error\s/);
});

test('a container that crashes is started again, later each time', async () => {
  const looping = await ns.until<Pod>(
    'it backs off',
    'pod/crash',
    (p) => first(p)?.state?.waiting?.reason === 'CrashLoopBackOff' && (first(p)?.restartCount ?? 0) >= 1,
  );
  expect(first(looping)?.state?.waiting?.message).toMatch(/^back-off \d+s restarting failed container=main pod=crash_e2e-lifecycle\(/);
  expect(first(looping)?.lastState?.terminated).toMatchObject({ exitCode: 1, message: expect.stringMatching(/^trying\n?$/) });
  expect(await ns.run('get', 'pod', 'crash')).toMatch(/^crash\s+0\/1\s+(CrashLoopBackOff|Error)\s+\d+ \(/m);
  expect(await ns.run('events', '--for', 'pod/crash')).toMatch(/Warning\s+BackOff\s/);
});

test('activeDeadlineSeconds ends a pod', async () => {
  expect((await ended('deadline', 'Failed')).status?.reason).toBe('DeadlineExceeded');
});

test('an image that cannot be had is told in the status', async () => {
  await ns.until<Pod>('it tells', 'pod/no-image', (p) => /^(ErrImagePull|ImagePullBackOff)$/.test(first(p)?.state?.waiting?.reason ?? ''));
  await ns.until<Pod>('it tells', 'pod/never', (p) => first(p)?.state?.waiting?.reason === 'ErrImageNeverPull');
});

test('a command that does not exist is a start error', async () => {
  expect(first(await ended('bad-command', 'Failed'))?.state?.terminated).toMatchObject({
    exitCode: 128,
    reason: 'StartError',
    message: expect.stringContaining('/nonesuch'),
  });
});

test('postStart runs at the start, preStop before SIGTERM', async () => {
  await ns.podReady('hooks');
  await ns.run('delete', 'pod', 'hooks');
  expect(readFileSync(`${process.env.MINIK_E2E_DIR}/hooks/log`, 'utf8')).toBe('started\nprestop\nslept\nterm\n');
});

test('a killed container is replaced in the same pod', async () => {
  const before = await ns.podReady('healing');
  await ns.run('exec', 'healing', '--', 'sh', '-c', 'kill -TERM 1').catch(() => {});
  const after = await ns.until<Pod>('it runs again', 'pod/healing', (p) => first(p)?.restartCount === 1 && first(p)?.state?.running);
  expect(after.metadata?.uid).toBe(before.metadata?.uid);
  expect(after.status?.podIP).toBe(before.status?.podIP);
  expect(first(after)?.containerID).not.toBe(first(before)?.containerID);
  expect(first(after)?.lastState?.terminated?.containerID).toBe(first(before)?.containerID);
});

test('a Deployment replaces a pod that is deleted', async () => {
  await ns.run('create', 'deployment', 'kept', '--image=example.com/minik/busybox:1', '--', 'sleep', '3600');
  await ns.run('rollout', 'status', 'deployment/kept', '--timeout=60s');
  const name = await ns.run('get', 'pods', '-l', 'app=kept', '-o', 'name');
  await ns.run('delete', name.trim(), '--grace-period=1', '--wait=false');
  await eventually('another takes its place', async () => {
    const running = await ns.run('get', 'pods', '-l', 'app=kept', '--field-selector=status.phase=Running', '-o', 'name');
    return running
      .trim()
      .split('\n')
      .some((other) => other !== '' && other !== name.trim());
  });
  await ns.run('rollout', 'status', 'deployment/kept', '--timeout=60s');
});
