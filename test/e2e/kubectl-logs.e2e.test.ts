import { beforeAll, expect, test } from 'vitest';
import type { Pod } from './support/kinds.ts';
import { container, pod } from './support/manifests.ts';
import { sleep } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('logs');
/** Says a line whenever a file appears, so that tests decide when. */
const ECHO = 'trap "exit 0" TERM; echo start; while true; do if [ -e /tmp/say ]; then cat /tmp/say; rm /tmp/say; fi; sleep 0.1; done';
/** The pipes of the two streams are read one beside the other: without the pause, which comes first is chance. */
const COUNT =
  'trap "exit 0" TERM; for i in $(seq 1 2000); do echo line $i; done; sleep 0.5; echo problem >&2; touch /tmp/done; sleep 3600 & wait';

beforeAll(async () => {
  await ns.apply(
    pod('echo', { containers: [container(ECHO)], labels: { set: 'logs' } }),
    pod('count', {
      containers: [
        container(COUNT, { readinessProbe: { exec: { command: ['test', '-e', '/tmp/done'] }, periodSeconds: 1 } }),
        container('echo from two; sleep 3600', { name: 'two' }),
      ],
      labels: { set: 'logs' },
    }),
    pod('ended', { restartPolicy: 'Never', containers: [container('printf "no newline"; exit 3')] }),
    pod('again', {
      restartPolicy: 'OnFailure',
      volumes: [{ name: 'kept', emptyDir: {} }],
      containers: [
        container('if [ -e /kept/ran ]; then echo second; sleep 3600; else echo first; touch /kept/ran; exit 1; fi', {
          volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
        }),
      ],
    }),
  );
  await ns.podReady('echo');
  await ns.podReady('count');
});

test('logs print what a container wrote, both streams', async () => {
  const lines = (await ns.run('logs', 'count', '-c', 'main')).split('\n');
  expect(lines.slice(0, 2000)).toEqual(Array.from({ length: 2000 }, (_, i) => `line ${i + 1}`));
  expect(lines).toContain('problem');
});

test('--tail, --limit-bytes and --timestamps cut and mark', async () => {
  expect(await ns.run('logs', 'count', '--tail=2')).toMatch(/^(line 1999\n)?line 2000\nproblem\n$/);
  expect(await ns.run('logs', 'count', '--limit-bytes=10')).toBe('line 1\nlin');
  expect(await ns.run('logs', 'count', '--tail=1', '--timestamps')).toMatch(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) problem\n$/,
  );
});

test('--since and --since-time leave out what is older', async () => {
  await sleep(1_100);
  await ns.sh('echo', 'echo fresh >/tmp/say.new; mv /tmp/say.new /tmp/say');
  await using follow = ns.start('logs', 'echo', '-f', '--since=1s');
  await follow.says('fresh');
  expect(follow.stdout).not.toContain('start');
  expect(await ns.run('logs', 'echo', `--since-time=${new Date(Date.now() + 60_000).toISOString()}`)).toBe('');
});

test('-f goes on with what comes, and ends with the container', async () => {
  await using follow = ns.start('logs', '-f', 'echo');
  await follow.says('start');
  await ns.sh('echo', 'echo coming >/tmp/say.new; mv /tmp/say.new /tmp/say');
  await follow.says('coming');
  await ns.apply(pod('short', { restartPolicy: 'Never', containers: [container('for i in 1 2 3; do echo $i; sleep 0.3; done')] }));
  await ns.until<Pod>('it starts', 'pod/short', (p) => p.status?.phase !== 'Pending');
  expect(await ns.run('logs', '-f', 'short')).toBe('1\n2\n3\n');
});

test('several containers and pods by label, with prefixes', async () => {
  expect((await ns.fails('logs', 'count', '-c', 'nope')).stderr).toContain('container nope is not valid for pod count');
  expect((await ns.with({}, 'logs', 'count', '--tail=1')).stderr).toContain('Defaulted container "main" out of: main, two');
  const all = await ns.run('logs', 'count', '--all-containers', '--tail=1', '--prefix');
  expect(all).toContain('[pod/count/main] problem\n');
  expect(all).toContain('[pod/count/two] from two\n');
  const selected = await ns.run('logs', '-l', 'set=logs', '--all-containers', '--tail=-1', '--prefix');
  expect(selected).toContain('[pod/echo/main] start\n');
  expect(selected).toContain('[pod/count/two] from two\n');
});

test('a container that ended keeps its log, even a line without an end', async () => {
  await ns.until<Pod>('it ends', 'pod/ended', (p) => p.status?.phase === 'Failed');
  expect(await ns.run('logs', 'ended')).toBe('no newline');
});

test('--previous prints the log of the run before', async () => {
  await ns.until<Pod>(
    'it restarts',
    'pod/again',
    (p) => p.status?.containerStatuses?.[0]?.restartCount === 1 && p.status.containerStatuses[0].state?.running,
  );
  expect(await ns.run('logs', 'again', '--previous')).toBe('first\n');
  expect(await ns.run('logs', 'again')).toBe('second\n');
  expect((await ns.fails('logs', 'echo', '--previous')).stderr).toContain('previous terminated container "main" in pod "echo" not found');
});
