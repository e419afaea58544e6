import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cgroupWrites, cpuWeight, podCgroupPath, statValue } from './cgroup-plan.ts';

test('guaranteed pods lie under kubepods, others under their class', () => {
  expect(podCgroupPath('u1', 'Guaranteed')).toBe('/kubepods/podu1');
  expect(podCgroupPath('u1', 'Burstable')).toBe('/kubepods/burstable/podu1');
  expect(podCgroupPath('u1', 'BestEffort', '/node-a')).toBe('/node-a/kubepods/besteffort/podu1');
});

test('limits become the files of each cgroup version', () => {
  const limits = { cpuShares: 1024, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimitBytes: 1 << 20, pidsLimit: 100 };
  expect(cgroupWrites('v1', limits).map((w) => `${w.file} ${w.value}`)).toEqual([
    'cpu.shares 1024',
    'cpu.cfs_period_us 100000',
    'cpu.cfs_quota_us 50000',
    'memory.limit_in_bytes 1048576',
    'pids.max 100',
  ]);
  expect(cgroupWrites('v2', limits).map((w) => `${w.file} ${w.value}`)).toEqual([
    'cpu.weight 39',
    'cpu.max 50000 100000',
    'memory.max 1048576',
    'pids.max 100',
  ]);
});

test('lifting a limit is not the same as leaving it', () => {
  const lifted = { cpuQuota: null, memoryLimitBytes: null, pidsLimit: null };
  expect(cgroupWrites('v1', lifted).map((w) => w.value)).toEqual(['-1', '-1', 'max']);
  expect(cgroupWrites('v2', lifted).map((w) => w.value)).toEqual(['max 100000', 'max', 'max']);
  expect(cgroupWrites('v1', {})).toEqual([]);
});

test('weights stay in range and never fall when shares rise', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300_000 }), fc.integer({ min: 0, max: 300_000 }), (a, b) => {
      const [low, high] = [cpuWeight(Math.min(a, b)), cpuWeight(Math.max(a, b))];
      expect(low).toBeGreaterThanOrEqual(1);
      expect(high).toBeLessThanOrEqual(10_000);
      expect(low).toBeLessThanOrEqual(high);
    }),
  );
});

test('a stat is found by its whole name', () => {
  expect(statValue('inactive_file 5\ntotal_inactive_file 7\n', 'inactive_file')).toBe(5);
  expect(statValue('inactive_file 5\n', 'active_file')).toBe(0);
});
