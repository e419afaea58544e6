import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from './exit.ts';
import { claimInstance, runningInstance, startTicks } from './instance.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'minik-instance-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('an instance', () => {
  it('claims its data directory, made for its user alone, and gives it back', () => {
    const dataDir = join(dir, 'a/data');
    {
      using _claim = claimInstance(dataDir);
      expect(runningInstance(dataDir)).toBe(process.pid);
      expect(statSync(dataDir).mode & 0o777).toBe(0o700);
      expect(readFileSync(join(dataDir, 'minik.pid'), 'utf8').split('\n')[0]).toBe(String(process.pid));
    }
    expect(existsSync(join(dataDir, 'minik.pid'))).toBe(false);
    expect(runningInstance(dataDir)).toBeUndefined();
  });

  it('does not share its data directory', async () => {
    const other = spawn('sleep', ['60']);
    try {
      await once(other, 'spawn');
      const pid = Number(other.pid);
      writeFileSync(join(dir, 'minik.pid'), `${pid}\n${startTicks(pid)}\n`);
      expect(() => claimInstance(dir)).toThrow(UsageError);
      expect(() => claimInstance(dir)).toThrow(`in use by another minik (pid ${pid})`);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'close');
    }
    expect(runningInstance(dir)).toBeUndefined();
  });

  it('is not taken for a later process with the same pid', () => {
    writeFileSync(join(dir, 'minik.pid'), `${process.pid}\n1\n`);
    expect(runningInstance(dir)).toBeUndefined();
  });

  it('is not found in a file that holds nonsense', () => {
    for (const text of ['', 'abc', '0\n', '-1\n\n', '999999999\nundefined\n']) {
      writeFileSync(join(dir, 'minik.pid'), text);
      expect([text, runningInstance(dir)]).toEqual([text, undefined]);
    }
  });

  it('says in one sentence why a data directory cannot be used', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => claimInstance(join(dir, 'file'))).toThrow(/cannot be used: it is a file/);
    expect(() => claimInstance(join(dir, 'file/below'))).toThrow(/cannot be used: a part of the path is not a directory/);
    expect(() => claimInstance('/proc/nope/below')).toThrow(/cannot be used: it cannot be made there/);
  });
});
