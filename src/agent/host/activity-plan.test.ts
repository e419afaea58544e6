import { expect, test } from 'vitest';
import { activityV1, activityV2, blockDeviceNames } from './activity-plan.ts';

const V1 = {
  memoryStat: 'rss 1\ntotal_cache 200\ntotal_rss 300\ntotal_mapped_file 40\ntotal_swap 5\n',
  cpuStat: 'nr_periods 76\nnr_throttled 3\nthrottled_time 50671289\n',
  cpuLimit: '10000\n',
  serviced: '254:0 Read 4\n254:0 Write 5\n254:0 Total 9\nTotal 9\n',
  serviceBytes: '254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288\n',
};
const V2 = {
  memoryStat: 'anon 300\nfile 200\nfile_mapped 40\n',
  cpuStat: 'usage_usec 9\nnr_periods 76\nnr_throttled 3\nthrottled_usec 50671\n',
  cpuLimit: '10000 100000\n',
  swapCurrent: '5\n',
  ioStat: '254:0 rbytes=4096 wbytes=8192 rios=4 wios=5 dbytes=0 dios=0\n253:1 \n',
};
const device = { device: '254:0', reads: 4, readBytes: 4096, writes: 5, writeBytes: 8192 };
const memory = { rssBytes: 300, cacheBytes: 200, mappedFileBytes: 40, swapBytes: 5 };

test('both versions of cgroups say the same in their own words', () => {
  const throttling = { periods: 76, throttledPeriods: 3 };
  expect(activityV1(V1)).toEqual({ ...memory, throttling: { ...throttling, throttledNanos: 50_671_289 }, devices: [device] });
  const idle = { device: '253:1', reads: 0, readBytes: 0, writes: 0, writeBytes: 0 };
  expect(activityV2(V2)).toEqual({ ...memory, throttling: { ...throttling, throttledNanos: 50_671_000 }, devices: [device, idle] });
});

test('without a CPU limit nothing is held back', () => {
  expect(activityV1({ ...V1, cpuLimit: '-1\n' })).not.toHaveProperty('throttling');
  expect(activityV2({ ...V2, cpuLimit: 'max 100000\n' })).not.toHaveProperty('throttling');
});

test('what the kernel does not count is zero', () => {
  const nothing = { memoryStat: '', cpuStat: '', cpuLimit: '' };
  const none = { rssBytes: 0, cacheBytes: 0, mappedFileBytes: 0, swapBytes: 0, devices: [] };
  expect(activityV1({ ...nothing, serviced: '', serviceBytes: '' })).toEqual(none);
  expect(activityV2({ ...nothing, swapCurrent: '', ioStat: '' })).toEqual(none);
});

test('block devices have the names of /dev', () => {
  const names = blockDeviceNames('major minor  #blocks  name\n\n 254        0  268435456 vda\n 259        1    1048576 nvme0n1p1\n');
  expect([...names]).toEqual([
    ['254:0', '/dev/vda'],
    ['259:1', '/dev/nvme0n1p1'],
  ]);
});
