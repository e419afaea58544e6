import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
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
    mode: 'batch',
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

  it('compresses what it puts aside, and counts that among what it keeps', async () => {
    const log = await openHere({ maxBytes: 300, maxBackups: 2, compress: true, mode: 'blocking' });
    const line = (i: number) => `${i}`.repeat(200);
    for (let i = 0; i < 6; i += 1) {
      await log.write(line(i));
      await clock.advance(1000);
    }
    await log.close();
    const names = (await readdir(join(directory, 'sub'))).sort();
    expect(names.map((name) => name.replace(/\d{4}.*\d{3}/, 'TIME'))).toEqual(['audit-TIME.log.gz', 'audit-TIME.log.gz', 'audit.log']);
    const last = join(directory, 'sub', names[1] ?? '');
    expect(gunzipSync(await readFile(last)).toString()).toBe(`${line(4)}\n`);
    expect((await stat(last)).mode & 0o777).toBe(0o600);
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

  it('makes requests wait for each of their events, which go together while the disk is busy', async () => {
    const writes: string[] = [];
    let release = () => {};
    const slow = new Writable({
      write(chunk, _, done) {
        writes.push(String(chunk));
        release = done;
      },
    });
    const log = await openHere({ path: '-', stdout: slow, mode: 'blocking' });
    expect(log.blocks).toBe(true);
    const told: string[] = [];
    for (const line of ['a', 'b', 'c']) void log.write(line)?.then((written) => told.push(`${line} ${written}`));
    await new Promise(setImmediate);
    expect([writes, told]).toEqual([['a\n'], []]);
    release();
    await vi.waitFor(() => expect(writes).toEqual(['a\n', 'b\nc\n']));
    expect(told).toEqual(['a true']);
    release();
    await vi.waitFor(() => expect(told).toEqual(['a true', 'b true', 'c true']));
    await log.close();
  });

  it.each([
    ['blocking', true],
    ['blocking-strict', false],
  ] as const)('lets requests go on whose events cannot be written, unless it is strict: %s', async (mode, goesOn) => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('no space')) });
    broken.on('error', () => {});
    const log = await openHere({ path: '-', stdout: broken, mode });
    expect(await log.write('a')).toBe(goesOn);
    expect(log.errors).toEqual({ log: 1 });
    await log.close();
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
  const compressing = names.slice(0, 2).flatMap((name) => [name, `${name}.gz`]);
  expect(obsoleteBackups('audit.log', compressing, now, { maxBackups: 1, maxAgeDays: 0 })).toEqual(compressing.slice(2));
});
