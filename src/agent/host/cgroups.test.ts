import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type CgroupLayout, cgroupLayout, cgroups } from './cgroups.ts';
import { type MountEntry, parseMountInfo } from './mounts.ts';

const HYBRID = `30 29 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
31 29 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 29 0:28 / /sys/fs/cgroup/pids rw shared:11 master:2 - cgroup cgroup rw,pids
33 29 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
34 29 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
`;
const V2 = '30 29 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n';

describe('mountinfo', () => {
  test('optional fields are skipped and octal escapes are read', () => {
    const [mount] = parseMountInfo('36 35 98:0 /a\\040b /mnt/x\\134y rw,noatime master:1 shared:2 - ext4 /dev/sda rw,errors=continue\n');
    expect(mount).toEqual<MountEntry>({
      id: 36,
      parentId: 35,
      root: '/a b',
      target: '/mnt/x\\y',
      options: ['rw', 'noatime'],
      fsType: 'ext4',
      source: '/dev/sda',
      superOptions: ['rw', 'errors=continue'],
    });
  });
});

describe('cgroup layout', () => {
  test('a hybrid machine counts as v1, and every hierarchy is known for cleaning', () => {
    const layout = cgroupLayout(parseMountInfo(HYBRID), '');
    expect(layout.version).toBe('v1');
    expect(layout.controllers.get('cpuacct')).toBe('/sys/fs/cgroup/cpu,cpuacct');
    expect(layout.hierarchies).toHaveLength(5);
  });

  test('on v2 every controller is at one place', () => {
    const layout = cgroupLayout(parseMountInfo(V2), 'cpuset cpu io memory pids\n');
    expect(layout.version).toBe('v2');
    expect(layout.controllers.get('memory')).toBe('/sys/fs/cgroup');
  });

  test('a missing controller is named', () => {
    expect(() => cgroupLayout(parseMountInfo(V2), 'cpuset cpu io pids\n')).toThrow(/missing: memory/);
  });
});

describe('activity', () => {
  /** A directory that looks like the kernel's. */
  function tree(files: Record<string, string>) {
    const root = mkdtempSync(join(tmpdir(), 'cgroups-'));
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
  }
  const layout = (version: 'v1' | 'v2', dirs: Record<string, string>): CgroupLayout => ({
    version,
    controllers: new Map(Object.entries(dirs)),
    hierarchies: [],
  });

  test('is read where each version has it', async () => {
    using v1 = tree({
      'memory/p/memory.stat': 'total_rss 7\n',
      'cpu/p/cpu.cfs_quota_us': '5000\n',
      'cpu/p/cpu.stat': 'nr_periods 2\n',
      'blkio/p/blkio.throttle.io_serviced_recursive': '8:0 Read 3\n',
      'blkio/p/blkio.throttle.io_service_bytes_recursive': '8:0 Read 30\n',
    });
    using v2 = tree({
      'p/memory.stat': 'anon 7\n',
      'p/memory.swap.current': '0\n',
      'p/cpu.max': '5000 100000\n',
      'p/cpu.stat': 'nr_periods 2\n',
      'p/io.stat': '8:0 rbytes=30 rios=3\n',
    });
    const dirs = Object.fromEntries(['memory', 'cpu', 'blkio'].map((name) => [name, join(v1.root, name)]));
    const expected = {
      rssBytes: 7,
      swapBytes: 0,
      throttling: { periods: 2 },
      devices: [{ device: '8:0', reads: 3, readBytes: 30, writes: 0 }],
    };
    expect(await cgroups(layout('v1', dirs)).activity('/p')).toMatchObject(expected);
    expect(await cgroups(layout('v2', { memory: v2.root })).activity('/p')).toMatchObject(expected);
  });

  test('of a cgroup that is gone is undefined', async () => {
    using empty = tree({});
    for (const version of ['v1', 'v2'] as const)
      expect(await cgroups(layout(version, { memory: empty.root })).activity('/p')).toBeUndefined();
  });
});
