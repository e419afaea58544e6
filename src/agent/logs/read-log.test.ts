import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { parseCriLine } from './cri-line.ts';
import { type LogOptions, readLog } from './read-log.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-log-'));
afterAll(() => rmSync(directory, { recursive: true }));

const entry = (second: number, text: string, tag = 'F', stream = 'stdout') =>
  `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000000Z ${stream} ${tag} ${text}\n`;
let serial = 0;
function logFile(text: string): string {
  const path = join(directory, `${serial++}.log`);
  writeFileSync(path, text);
  return path;
}
function reading(path: string, options: Partial<LogOptions> = {}, isRunning = () => false): AsyncIterable<Buffer> {
  const context = { isRunning, clock: systemClock, signal: new AbortController().signal };
  return readLog(path, { timestamps: false, follow: false, ...options }, context);
}
async function read(...args: Parameters<typeof reading>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of reading(...args)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('reading a container log', () => {
  const path = logFile(entry(1, 'one') + entry(2, 'two, cut ', 'P') + entry(2, 'and whole') + entry(3, 'three', 'F', 'stderr'));

  it('gives the text of both streams and joins what the runtime cut', async () => {
    expect(await read(path)).toBe('one\ntwo, cut and whole\nthree\n');
  });

  it('starts at the tail, at a time, and stops at a number of bytes', async () => {
    expect(await read(path, { tailLines: 1 })).toBe('three\n');
    expect(await read(path, { tailLines: 0 })).toBe('');
    expect(await read(path, { tailLines: 99 })).toBe('one\ntwo, cut and whole\nthree\n');
    expect(await read(path, { sinceMs: Date.UTC(2026, 0, 1, 0, 0, 3) })).toBe('three\n');
    expect(await read(path, { limitBytes: 5 })).toBe('one\nt');
  });

  it('puts times in front and keeps one stream where asked', async () => {
    expect(await read(path, { timestamps: true, stream: 'stderr' })).toBe('2026-01-01T00:00:03.000000000Z three\n');
  });

  it('follows a running container through a rotation to its end', async () => {
    const live = logFile(entry(1, 'before'));
    let running = true;
    let text = '';
    for await (const chunk of reading(live, { follow: true }, () => running)) {
      text += chunk;
      // The file is open from here on.
      if (text !== 'before\n') continue;
      appendFileSync(live, entry(2, 'after'));
      renameSync(live, `${live}.old`);
      writeFileSync(live, entry(3, 'rotated'));
      running = false;
      appendFileSync(live, entry(4, 'last'));
    }
    expect(text).toBe('before\nafter\nrotated\nlast\n');
  });

  it('finds the tail of any file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ maxLength: 30 }).map((s) => s.replace(/\n/g, ' ')),
          { maxLength: 30 },
        ),
        fc.nat(40),
        async (lines, tail) => {
          const file = logFile(lines.map((line) => entry(1, line)).join(''));
          const expected = tail === 0 ? [] : lines.slice(-tail);
          expect(await read(file, { tailLines: tail })).toBe(expected.map((l) => `${l}\n`).join(''));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a log line', () => {
  it('is refused when it is not of CRI’s form', () => {
    for (const bad of ['', 'x', 'time stdout', 'time other F text', 'time stdout X text'])
      expect(parseCriLine(Buffer.from(bad))).toBeUndefined();
  });
});
