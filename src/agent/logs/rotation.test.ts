import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { rotate } from './rotation.ts';

describe('log rotation', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'minik-rotate-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const signal = new AbortController().signal;

  it('keeps five files: the open one, the last one as it was, older ones compressed', async () => {
    const clock = fakeClock();
    const logPath = join(directory, '0.log');
    const reopen = async () => writeFileSync(logPath, '');
    for (let i = 0; i < 8; i += 1) {
      writeFileSync(logPath, `round ${i}\n`);
      await rotate({ id: 'c', logPath }, { running: () => [], reopen, clock, log: silentLogger }, signal);
      await clock.advance(1_000);
    }
    const names = readdirSync(directory).sort();
    expect(names).toEqual([
      '0.log',
      '0.log.20260101-000004.gz',
      '0.log.20260101-000005.gz',
      '0.log.20260101-000006.gz',
      '0.log.20260101-000007',
    ]);
  });

  it('puts the log back when the runtime cannot open a new one', async () => {
    const logPath = join(directory, '0.log');
    writeFileSync(logPath, 'text');
    const reopen = () => Promise.reject(new Error('gone'));
    await expect(
      rotate({ id: 'c', logPath }, { running: () => [], reopen, clock: fakeClock(), log: silentLogger }, signal),
    ).rejects.toThrow('gone');
    expect(readdirSync(directory)).toEqual(['0.log']);
  });
});
