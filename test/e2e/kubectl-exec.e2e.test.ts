import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pod } from './support/kinds.ts';
import { inBackground, kubectlBytes, otherVersions } from './support/kubectl.ts';
import { container, pod } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('exec');
const directory = mkdtempSync(join(tmpdir(), 'minik-exec-'));
afterAll(() => rmSync(directory, { recursive: true }));
const MANY_BYTES = randomBytes(6 << 20);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  await ns.apply(
    pod('box', {
      containers: [
        container("trap 'exit 0' TERM; sleep 3600 & wait"),
        container('sleep 3600', { name: 'other', env: [{ name: 'WHO', value: 'other' }] }),
      ],
    }),
    pod('talker', {
      containers: [container('while read line; do echo "heard $line"; done; echo end', { stdin: true, stdinOnce: true })],
      restartPolicy: 'Never',
    }),
    pod('terminal', { containers: [container('exec sh', { stdin: true, tty: true })] }),
  );
  for (const name of ['box', 'talker', 'terminal']) await ns.podReady(name);
});

test('exec keeps stdout, stderr and the exit code apart', async () => {
  expect(await ns.with({ mayFail: true }, 'exec', 'box', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42')).toEqual({
    stdout: 'out\n',
    stderr: expect.stringMatching(/^(Defaulted container .*\n)?err\ncommand terminated with exit code 42\n$/),
    exitCode: 42,
  });
});

test('a command that is not there is an error that says so', async () => {
  const { exitCode, stderr } = await ns.fails('exec', 'box', '-c', 'main', '--', 'nonesuch');
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toContain('nonesuch');
  expect((await ns.fails('exec', 'absent', '--', 'true')).stderr).toContain('pods "absent" not found');
  expect((await ns.fails('exec', 'box', '-c', 'nope', '--', 'true')).stderr).toContain('container nope');
});

test('-c chooses the container', async () => {
  expect(await ns.sh('box', 'echo $WHO', '-c', 'other')).toBe('other\n');
  expect(await ns.run('exec', 'deploy/none', '--', 'true').catch((e: Error) => e.message)).toContain('not found');
});

test.each(['on PATH', ...otherVersions])('kubectl %s pipes megabytes in to the last byte, and out', async (version) => {
  const options = version === 'on PATH' ? { input: MANY_BYTES } : { input: MANY_BYTES, version };
  const counted = await ns.with(options, 'exec', '-i', 'box', '-c', 'main', '--', 'sh', '-c', 'sha256sum; echo done');
  expect(counted.stdout).toBe(`${sha256(MANY_BYTES)}  -\ndone\n`);
  const back = await kubectlBytes(['-n', ns.namespace, 'exec', '-i', 'box', '-c', 'main', '--', 'cat'], options);
  expect(back.length).toBe(MANY_BYTES.length);
  expect(sha256(back)).toBe(sha256(MANY_BYTES));
});

test('-it gives a terminal with its size, and its exit code', async () => {
  const inner = `stty cols 101 rows 33; kubectl -n ${ns.namespace} exec -it box -c main -- sh`;
  await using terminal = inBackground('script', ['-qec', inner, '/dev/null']);
  await terminal.says(/[#$] /);
  terminal.write('tty && stty size; echo "un"ique\n');
  await terminal.says('unique');
  expect(terminal.stdout).toContain('/dev/pts/');
  expect(terminal.stdout).toContain('33 101');
  terminal.write('exit 7\n');
  expect(await terminal.exited).toBe(7);
});

test('attach -i speaks with process 1, and its end of input ends it', async () => {
  await using attached = ns.start('attach', '-i', 'talker');
  attached.write('one\n');
  await attached.says('heard one');
  attached.write('two\n');
  await attached.says('heard two');
  attached.endInput();
  await attached.exited;
  await ns.until<Pod>('it ends', 'pod/talker', (p) => p.status?.phase === 'Succeeded');
  expect(await ns.run('logs', 'talker')).toBe('heard one\nheard two\nend\n');
});

test('attach -it reaches a terminal', async () => {
  await using terminal = inBackground('script', ['-qec', `kubectl -n ${ns.namespace} attach -it terminal`, '/dev/null']);
  terminal.write('echo "he"llo\n');
  await terminal.says('hello');
});

test('cp copies files and directories both ways, bytes and modes kept', async () => {
  const source = join(directory, 'source');
  mkdirSync(join(source, 'deep'), { recursive: true });
  writeFileSync(join(source, 'deep/data.bin'), MANY_BYTES.subarray(0, 1 << 20));
  writeFileSync(join(source, 'run.sh'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
  await ns.run('cp', source, 'box:/tmp/copied', '-c', 'main');
  expect(await ns.sh('box', '/tmp/copied/run.sh; sha256sum </tmp/copied/deep/data.bin', '-c', 'main')).toBe(
    `ran\n${sha256(MANY_BYTES.subarray(0, 1 << 20))}  -\n`,
  );
  await ns.run('cp', 'box:/tmp/copied/deep/data.bin', join(directory, 'back.bin'), '-c', 'main');
  expect(sha256(readFileSync(join(directory, 'back.bin')))).toBe(sha256(MANY_BYTES.subarray(0, 1 << 20)));
  await ns.run('cp', `${ns.namespace}/box:/tmp/copied`, join(directory, 'tree'), '-c', 'main');
  expect(readFileSync(join(directory, 'tree/run.sh'), 'utf8')).toBe('#!/bin/sh\necho ran\n');
});

test('run starts a pod, waits for it, and removes it with --rm', async () => {
  const image = '--image=example.com/minik/busybox:1';
  const { stdout } = await ns.with({ input: 'from stdin\n' }, 'run', 'once', image, '--rm', '-i', '--restart=Never', '-q', '--', 'cat');
  expect(stdout).toContain('from stdin');
  expect((await ns.fails('get', 'pod', 'once')).stderr).toContain('not found');
  await ns.run(
    'run',
    'made',
    image,
    '--env=A=1',
    '--labels=made=yes',
    '--port=80',
    '--restart=Never',
    '--command',
    '--',
    'sh',
    '-c',
    'echo $A',
  );
  await ns.until<Pod>('it ends', 'pod/made', (p) => p.status?.phase === 'Succeeded');
  expect(await ns.run('logs', 'made')).toBe('1\n');
});
