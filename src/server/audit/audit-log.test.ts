import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { type AuditLogOptions, openAuditLog } from './audit-log.ts';
import { backupName, obsoleteBackups } from './rotation-plan.ts';

let directory: string;
let clock: FakeClock;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'minik-audit-'));
  clock = fakeClock();
});
afterEach(() => rm(directory, { recursive: true }));

const openHere = (options: Partial<AuditLogOptions> = {}) =>
  openAuditLog({
    path: join(directory, 'sub', 'audit.log'),
    maxBytes: 0,
    maxBackups: 0,
    maxAgeDays: 0,
    stdout: new PassThrough(),
    clock,
    log: silentLogger,
    ...options,
  });
const written = () => readFile(join(directory, 'sub', 'audit.log'), 'utf8');

describe('the audit log', () => {
  it('appends lines, for its owner alone', async () => {
    const first = await openHere();
    first.write('{"a":1}');
    first.write('{"a":2}');
    await first.close();
    const second = await openHere();
    second.write('{"a":3}');
    await second.close();
    expect(await written()).toBe('{"a":1}\n{"a":2}\n{"a":3}\n');
    expect((await stat(join(directory, 'sub', 'audit.log'))).mode & 0o777).toBe(0o600);
  });

  it('puts a full file aside, and keeps as many as it is told', async () => {
    const log = await openHere({ maxBytes: 300, maxBackups: 2 });
    for (let i = 0; i < 6; i += 1) {
      log.write(`${i}`.repeat(200));
      // A file is put aside when the next batch comes.
      clock.advance(1000);
      await vi.waitFor(async () => expect(await written()).toBe(`${`${i}`.repeat(200)}\n`));
    }
    await log.close();
    const names = (await readdir(join(directory, 'sub'))).sort();
    expect(names).toHaveLength(3);
    expect(names.at(-1)).toBe('audit.log');
    expect(names[0]).toMatch(/^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log$/);
    expect(await readFile(join(directory, 'sub', names[1] ?? ''), 'utf8')).toBe(`${'4'.repeat(200)}\n`);
  });

  it('writes to standard output, and drops what does not fit into its memory', async () => {
    const chunks: string[] = [];
    let release = () => {};
    const slow = new Writable({
      write(chunk, _, done) {
        chunks.push(String(chunk));
        release = done;
      },
    });
    const log = await openHere({ path: '-', stdout: slow });
    const large = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 40; i += 1) log.write(large);
    expect(log.errors).toEqual({ log: 8 });
    const closing = log.close();
    const turning = setInterval(() => release(), 0);
    await closing;
    clearInterval(turning);
    expect(chunks.join('').length).toBe(32 * (large.length + 1));
  });

  it('says where it cannot be opened', async () => {
    await expect(openHere({ path: '/proc/nowhere/audit.log' })).rejects.toThrow('/proc/nowhere');
  });
});

it('finds backups beyond count and age, and nothing else', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');
  const day = 86_400_000;
  const names = [0, 1, 2, 3].map((days) => backupName('audit.log', now - days * day));
  expect(names[1]).toBe('audit-2026-11-20T10-00-00.000.log');
  const all = [...names, 'audit.log', 'audit-notes.log', 'audit-2026-11-20T10-00-00.000.txt'];
  expect(obsoleteBackups('audit.log', all, now, { maxBackups: 3, maxAgeDays: 0 })).toEqual([names[3]]);
  expect(obsoleteBackups('audit.log', all, now, { maxBackups: 0, maxAgeDays: 1 })).toEqual([names[2], names[3]]);
  expect(obsoleteBackups('audit.log', all, now, { maxBackups: 0, maxAgeDays: 0 })).toEqual([]);
});
