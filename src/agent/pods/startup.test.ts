import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, Volume } from '../../api/schema/generated/types.ts';
import { Startup } from './startup.ts';

const BORN_MS = Date.UTC(2026, 0, 1);
const state = (running: boolean) => (running ? { running: { startedAt: '2026-01-01T00:00:05Z' } } : { waiting: {} });
const pod = (running: readonly boolean[], volumes: Volume[] = [], phase = 'Running') =>
  ({
    metadata: { creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [], volumes },
    status: { phase, containerStatuses: running.map((each, i) => ({ name: `c${i}`, state: state(each) })) },
  }) as unknown as Pod;
const at = (seconds: number) => BORN_MS + seconds * 1000;

describe('the start of a pod', () => {
  it('ends when all of its containers are seen to run, and is told once', () => {
    const startup = new Startup();
    expect(startup.observe(pod([]), at(1))).toBeUndefined();
    expect(startup.observe(pod([true, false]), at(5))).toBeUndefined();
    expect(startup.observe(pod([true, true]), at(6))).toEqual({ total: 6, sli: 6 });
    expect(startup.observe(pod([true, true]), at(7))).toBeUndefined();
  });

  it('is not that of a pod that ended first', () => {
    const startup = new Startup();
    startup.observe(pod([false], [], 'Failed'), at(1));
    expect(startup.observe(pod([true]), at(6))).toBeUndefined();
  });

  it('does not count pulls, once where they overlap, and init containers', () => {
    const startup = new Startup();
    startup.pulled({ startMs: 1000, endMs: 3000 });
    startup.pulled({ startMs: 2000, endMs: 4000 });
    startup.pulled({ startMs: 2000, endMs: 2500 });
    startup.pulled({ startMs: 5000, endMs: 5500 });
    startup.initRan(1500);
    expect(startup.observe(pod([true]), at(10))).toEqual({ total: 10, sli: 5 });
  });

  it.each<[Volume, boolean]>([
    [{ name: 'v', emptyDir: {} }, true],
    [{ name: 'v', projected: { sources: [] } }, true],
    [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }, false],
    [{ name: 'v', hostPath: { path: '/' } }, false],
  ])('of pods with volumes of their own is no indicator: %j', (volume, counts) => {
    expect(new Startup().observe(pod([true], [volume]), at(1))?.sli !== undefined).toBe(counts);
  });

  it('is never shorter for pulls than the time that they cover, whatever their order', () => {
    const span = fc.tuple(fc.nat(100), fc.nat(100)).map(([from, length]) => ({ startMs: from * 1000, endMs: (from + length) * 1000 }));
    fc.assert(
      fc.property(fc.array(span), (spans) => {
        const startup = new Startup();
        for (const each of spans) startup.pulled(each);
        const covered = new Set(
          spans.flatMap(({ startMs, endMs }) => Array.from({ length: (endMs - startMs) / 1000 }, (_, i) => startMs / 1000 + i)),
        );
        expect(startup.observe(pod([true]), at(1000))?.sli).toBeCloseTo(1000 - covered.size);
      }),
    );
  });
});
