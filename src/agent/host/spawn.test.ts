import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostProcesses, isAlive, parseStat, processIdentity } from './processes.ts';
import { findExecutable, isProgramMissing, run, startDetached } from './spawn.ts';

test('arguments reach a program as they are', async () => {
  expect((await run('printf', ['%s|', 'a b', '$HOME', ';'])).stdout).toBe('a b|$HOME|;|');
});

test('input is given and output is kept apart', async () => {
  const result = await run('sh', ['-c', 'cat; echo oops >&2; exit 3'], { input: 'in', okExitCodes: [3] });
  expect(result).toEqual({ stdout: 'in', stderr: 'oops\n', exitCode: 3 });
});

test('a failure says what failed and why', async () => {
  const failure = run('sh', ['-c', 'echo no such table >&2; exit 2']);
  await expect(failure).rejects.toMatchObject({ reason: 'Failed', exitCode: 2, message: 'sh -c exited with 2: no such table' });
});

test('a missing program, a slow one, an aborted one and a chatty one are told apart', async () => {
  await expect(run('no-such-program-here', [])).rejects.toSatisfy(isProgramMissing);
  await expect(run('sleep', ['60'], { timeoutMs: 20 })).rejects.toMatchObject({ reason: 'TimedOut' });
  await expect(run('sleep', ['60'], { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ reason: 'Aborted' });
  await expect(run('head', ['-c', '100000', '/dev/zero'], { maxOutputBytes: 1000 })).rejects.toMatchObject({ reason: 'TooMuchOutput' });
});

test('programs are found on the path and in the system directories', async () => {
  expect(await findExecutable('sh', '')).toMatch(/\/sh$/);
  expect(await findExecutable('no-such-program-here')).toBeUndefined();
  expect(await findExecutable('/bin/sh')).toBe('/bin/sh');
});

test('a detached program writes to its log and is known by its start time', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'minik-spawn-'));
  try {
    const logPath = join(dir, 'log');
    const child = await hostProcesses.startDetached('sh', ['-c', 'echo started; exec sleep 60'], { logPath });
    expect(await isAlive(child)).toBe(true);
    expect(await isAlive({ ...child, startTime: '1' })).toBe(false);
    await expect.poll(() => readFile(logPath, 'utf8')).toBe('started\n');
    expect(await hostProcesses.tail(logPath)).toBe('started\n');
    await hostProcesses.kill({ ...child, startTime: '1' }, 'SIGKILL');
    expect(await isAlive(child)).toBe(true);
    await hostProcesses.kill(child, 'SIGKILL');
    await expect.poll(() => isAlive(child)).toBe(false);
    await hostProcesses.kill(child, 'SIGKILL');
    await expect(startDetached('/no/such/program', [], { logPath })).rejects.toSatisfy(isProgramMissing);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('the name of a process cannot confuse its start time', async () => {
  const rest = Array.from({ length: 30 }, (_, i) => i + 4).join(' ');
  expect(parseStat(`7 (a) b (c) S ${rest}`)).toEqual({ pid: 7, startTime: '22' });
  expect(parseStat(`7 (gone) Z ${rest}`)).toBeUndefined();
  expect(await processIdentity(process.pid)).toMatchObject({ pid: process.pid });
});
