import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { openStore } from './open.ts';

const open = (url: string) => openStore({ url, clock: systemClock, log: silentLogger });

it('opens memory stores and SQLite files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'minik-open-'));
  const file = `sqlite://${directory}/with%20space/state.db`;
  for (const url of ['memory:', file]) {
    const store = await open(url);
    expect(await store.put('/registry/a', Buffer.from('x'), { expected: 0 })).toBe(2);
    await store.close();
  }
  await rm(directory, { recursive: true });
});

it.each([
  ['etcd://127.0.0.1:2379', 'not built yet'],
  ['postgres://x', 'no known kind'],
  ['nonsense', 'no known kind'],
  ['sqlite://relative/file.db', 'names no file'],
])('refuses %s in one sentence', async (url, sentence) => {
  await expect(open(url)).rejects.toMatchObject({ reason: 'Unavailable', message: expect.stringContaining(sentence) });
});
