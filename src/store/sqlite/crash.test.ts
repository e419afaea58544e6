import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { isDeleteStep, stepOf } from './crash-steps.ts';
import { openSqliteStore } from './sqlite-store.ts';

const ROUNDS = 8;
const WRITERS = 24;
const directory = await mkdtemp(join(tmpdir(), 'minik-crash-'));
const path = join(directory, 'state.db');
afterAll(() => rm(directory, { recursive: true }));

interface Acknowledged {
  readonly step: number;
  readonly revision: number;
}
const keys = [...Array.from({ length: WRITERS }, (_, i) => `/durable/${i}`), ...Array.from({ length: 3 }, (_, i) => `/behind/${i}`)];

/** Runs the writer, kills it after so many acknowledged lines, and returns every line that it got out. */
async function writeAndKill(firstSteps: Record<string, number>, killAfter: number): Promise<Map<string, Acknowledged>> {
  const script = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path, JSON.stringify(firstSteps)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const acknowledged = new Map<string, Acknowledged>();
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [key, step, revision] = line.split(' ');
    if (key === undefined || revision === undefined) continue;
    acknowledged.set(key, { step: Number(step), revision: Number(revision) });
    lines += 1;
    if (lines === killAfter) child.kill('SIGKILL');
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

it('a killed writer loses no acknowledged write, leaves none half done, and revisions go on upwards', async () => {
  let steps: Record<string, number> = Object.fromEntries(keys.map((key) => [key, 1]));
  let newest = 1;
  let total = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const acknowledged = await writeAndKill(steps, 1 + Math.floor(Math.random() * 3000));
    for (const { revision } of acknowledged.values()) newest = Math.max(newest, revision);
    const store = await openSqliteStore({ path, clock: systemClock, log: silentLogger });
    expect(await store.revision()).toBeGreaterThanOrEqual(newest);
    const { entries } = await store.list('/');
    const found = new Map(entries.map((entry) => [entry.key, entry]));
    const next: Record<string, number> = {};
    for (const key of keys) {
      const entry = found.get(key);
      const there = entry && stepOf(key, entry.value);
      const last = acknowledged.get(key)?.step ?? (steps[key] as number) - 1;
      if (key.startsWith('/durable/')) next[key] = 1 + expectAcknowledged(key, last, there);
      else next[key] = 1 + (there ?? 0);
      if (entry && there === last && acknowledged.has(key)) expect(entry.revision).toBe(acknowledged.get(key)?.revision);
      total += acknowledged.has(key) ? 1 : 0;
    }
    const probe = await store.put('/probe', Buffer.from('x'), { expected: 0 });
    expect(probe).toBeGreaterThan(newest);
    newest = await store.delete('/probe', { expected: probe });
    await store.close();
    steps = next;
  }
  expect(total).toBeGreaterThan(ROUNDS);
}, 60_000);

/** The last acknowledged step or the one that was under way behind it. Returns the step that is there. */
function expectAcknowledged(key: string, last: number, there: number | undefined): number {
  const possible = [last, last + 1].filter((step) => (there === undefined ? step === 0 || isDeleteStep(step) : step === there));
  expect(possible, `${key}: acknowledged ${last}, found ${there}`).toHaveLength(1);
  return possible[0] as number;
}
