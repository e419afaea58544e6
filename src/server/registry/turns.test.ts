import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { openStore } from '../../store/open.ts';
import type { Store } from '../../store/store.ts';
import { type FakeApi, fakeApi } from '../fake-api.ts';
import { KeyTurns } from './turns.ts';

describe('turns', () => {
  it('are taken in order by those who want the same key, whether the one before failed or not', async () => {
    const turns = new KeyTurns();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const work = (name: string, until: Promise<void>) => async () => {
      seen.push(`${name} begins`);
      await until;
      seen.push(`${name} ends`);
    };
    const a = turns.take('key', work('a', first.promise));
    const b = turns.take('key', work('b', Promise.resolve()));
    const c = turns.take('other', work('c', Promise.resolve()));
    await c;
    expect(seen).toEqual(['a begins', 'c begins', 'c ends']);
    first.reject(new Error('no luck'));
    await expect(a).rejects.toThrow('no luck');
    await b;
    expect(seen.slice(3)).toEqual(['b begins', 'b ends']);
    expect(turns.size).toBe(0);
  });
});

const WRITERS = 64;
const SETTINGS = { namespace: 'default', name: 'shared' };

describe('one object that many change at once, in a store whose commits take time', () => {
  const directory = mkdtempSync(join(tmpdir(), 'minik-turns-test-'));
  let store: Store;
  let api: FakeApi;

  beforeEach(async () => {
    store = await openStore({ url: `sqlite://${directory}/state.db`, clock: systemClock, log: silentLogger });
    api = await fakeApi({ store });
    await api.call('create', 'configmaps', { namespace: 'default', body: { metadata: { name: 'shared' }, data: {} } });
  });

  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const writers = Array.from({ length: WRITERS }, (_, i) => `k${i}`);
  const patch = (body: unknown) => api.call('patch', 'configmaps', { ...SETTINGS, patchType: 'merge', body });

  it('gets every patch that brings no resourceVersion', async () => {
    await Promise.all(writers.map((key) => patch({ data: { [key]: 'set' } })));
    const { data } = await api.call<{ data: object }>('get', 'configmaps', SETTINGS);
    expect(Object.keys(data).sort()).toEqual(writers.toSorted());
  });

  it('takes one of the patches that insist on the same resourceVersion, and refuses the others', async () => {
    const { metadata } = await api.call('get', 'configmaps', SETTINGS);
    const resourceVersion = metadata?.resourceVersion;
    const results = await Promise.allSettled(writers.map((key) => patch({ metadata: { resourceVersion }, data: { [key]: 'set' } })));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
    for (const r of results) if (r.status === 'rejected') expect(r.reason).toMatchObject({ reason: 'Conflict' });
  });

  it('is deleted although others are changing it', async () => {
    const patches = writers.map((key) => patch({ data: { [key]: 'set' } }));
    const deleted = api.call('delete', 'configmaps', SETTINGS);
    const late = patch({ data: { late: 'set' } });
    await expect(Promise.all([...patches, deleted])).resolves.toBeDefined();
    await expect(late).rejects.toMatchObject({ reason: 'NotFound' });
  });
});
