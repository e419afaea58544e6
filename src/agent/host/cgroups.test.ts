import { describe, expect, test } from 'vitest';
import { cgroupLayout } from './cgroups.ts';
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
