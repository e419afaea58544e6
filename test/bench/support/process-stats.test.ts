import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { cpuSecondsOf, cpuSecondsOfAll, memoryOf, memoryOfAll, processTree } from './process-stats.ts';

/** Three processes, each the parent of the next; each says its id, and the last waits for input that never comes. */
const NESTED = `echo $$; bash -c 'echo $$; bash -c "echo \\$\\$; read"; :'; :`;

async function family(): Promise<number[]> {
  const child = spawn('bash', ['-c', NESTED], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  onTestFinished(() => void process.kill(-(child.pid ?? Number.NaN), 'SIGKILL'));
  const pids: number[] = [];
  for await (const line of createInterface(child.stdout)) {
    pids.push(Number(line));
    if (pids.length === 3) break;
  }
  return pids;
}

test('a process tree is a process and all below it, and nobody beside it', async () => {
  const [mine, others] = [await family(), await family()];
  expect(processTree(mine[0] ?? 0)).toEqual(mine);
  expect(processTree(mine[1] ?? 0)).toEqual(mine.slice(1));
  expect(processTree(process.pid)).toEqual(expect.arrayContaining([process.pid, ...mine, ...others]));
});

test('processes use together what each of them uses', async () => {
  const pids = await family();
  const sumOf = (use: (pid: number) => number) => pids.map(use).reduce((a, b) => a + b, 0);
  expect(memoryOfAll(pids).rss).toBeCloseTo(
    sumOf((pid) => memoryOf(pid).rss),
    0,
  );
  expect(cpuSecondsOfAll([process.pid, ...pids])).toBeCloseTo(cpuSecondsOf(process.pid) + sumOf(cpuSecondsOf), 0);
});

test('a process that has ended uses nothing', async () => {
  const child = spawn('true');
  await once(child, 'exit');
  const ended = child.pid ?? Number.NaN;
  expect(memoryOfAll([ended])).toEqual({ rss: 0, pss: 0 });
  expect(cpuSecondsOfAll([ended])).toBe(0);
});
