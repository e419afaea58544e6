import { expect, it } from 'vitest';
import { isWorthReleasing } from './memory-plan.ts';

const MIB = 1024 * 1024;
const look = (residentMiB: number, { cpuMs = 0, atMs = 0 } = {}) => ({ residentBytes: residentMiB * MIB, cpuMicros: cpuMs * 1000, atMs });
const before = look(300);

it.each([
  ['is given back after a burst, once little is done', 500, 500, 200, true],
  ['is given back a first time after the start', 150, 500, 0, true],
  ['stays while the process is at work', 500, 5_000, 200, false],
  ['stays while it is a small part of what was left the last time', 850, 500, 800, false],
  ['is given back when it is a large part of what was left the last time', 910, 500, 800, true],
  ['stays when it is hardly more than after the last time', 220, 500, 200, false],
])('memory %s', (_, residentMiB, cpuMs, settledMiB, expected) => {
  expect(isWorthReleasing(before, look(residentMiB, { cpuMs, atMs: 10_000 }), settledMiB * MIB)).toBe(expected);
});
