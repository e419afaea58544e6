import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { namespacesOf, type Ownership, ownProcesses, type ProcessEntry } from './process-plan.ts';

const SOCKET = '/run/minik/containerd.sock';
const OURS: Ownership = {
  containerdSocket: SOCKET,
  containerdConfig: '/var/lib/minik/agent/containerd/config.toml',
  podUids: ['uid-1'],
  selfPid: 900,
};

const entry = (pid: number, parentPid: number, argv: string[], more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  parentPid,
  startTime: String(pid * 10),
  argv,
  cgroups: [],
  ...more,
});
const shim = (pid: number, socket: string) =>
  entry(pid, 1, ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-id', 'abc', '-address', socket]);
const pids = (entries: readonly ProcessEntry[]) => entries.map(({ pid }) => pid);

describe('the processes of a minik', () => {
  it('are its shims and all below them; those of another containerd are not', () => {
    const own = ownProcesses(
      [
        entry(1, 0, ['/sbin/init']),
        shim(10, SOCKET),
        entry(11, 10, ['/pause']),
        entry(12, 10, ['sh']),
        entry(13, 12, ['sleep', '1']),
        shim(20, '/run/containerd/containerd.sock'),
        entry(21, 20, ['/pause']),
        shim(30, `${SOCKET}.other`),
      ],
      OURS,
    );
    expect(pids(own.shims)).toEqual([10]);
    expect(pids(own.contained).sort()).toEqual([11, 12, 13]);
  });

  it('are not chosen by a name or an argument alone', () => {
    const own = ownProcesses(
      [
        entry(10, 1, ['grep', '-address', SOCKET]),
        entry(11, 1, ['containerd-shim-runc-v2', '-id', SOCKET]),
        entry(12, 1, ['containerd', '--config', '/etc/containerd/config.toml']),
        entry(13, 1, ['vi', '--config', OURS.containerdConfig]),
      ],
      OURS,
    );
    expect(own).toEqual({ containerd: [], shims: [], contained: [] });
  });

  it('include the containerd of the pid record only when it started at the same time', () => {
    const table = [entry(40, 1, ['containerd', '--config', '/x'])];
    expect(pids(ownProcesses(table, { ...OURS, containerd: { pid: 40, startTime: '400' } }).containerd)).toEqual([40]);
    expect(pids(ownProcesses(table, { ...OURS, containerd: { pid: 40, startTime: '399' } }).containerd)).toEqual([]);
  });

  it('include a containerd without a record that runs on our configuration', () => {
    const table = [entry(40, 1, ['/usr/bin/containerd', '--config', OURS.containerdConfig])];
    expect(pids(ownProcesses(table, OURS).containerd)).toEqual([40]);
  });

  it('include what a dead shim left in the cgroup of one of our pods', () => {
    const table = [
      entry(50, 1, ['sleep'], { cgroups: ['/', '/kubepods/besteffort/poduid-1/abc'] }),
      entry(51, 1, ['sleep'], { cgroups: ['/kubepods/poduid-2'] }),
      entry(52, 1, ['sleep'], { cgroups: ['/user.slice/poduid-1'] }),
    ];
    expect(pids(ownProcesses(table, OURS).contained)).toEqual([50]);
  });

  it('never include the one that asks, those above it, or init', () => {
    const table = [
      entry(1, 0, ['init']),
      shim(10, SOCKET),
      entry(11, 10, ['sh']),
      entry(900, 11, ['minik', 'uninstall']),
      entry(12, 10, ['x']),
    ];
    expect(pids(ownProcesses(table, OURS).contained)).toEqual([12]);
  });

  it('are found in any process table, even one read while processes came and went', () => {
    const anyEntry = fc.record({
      pid: fc.integer({ min: 1, max: 30 }),
      parentPid: fc.integer({ min: 0, max: 30 }),
      startTime: fc.constant('1'),
      argv: fc.constantFrom(['sh'], ['containerd-shim-runc-v2', '-address', SOCKET], [] as string[]),
      cgroups: fc.constantFrom([] as string[], ['/kubepods/poduid-1']),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(anyEntry, { selector: (e) => e.pid, maxLength: 30 }),
        fc.integer({ min: 1, max: 30 }),
        (table, selfPid) => {
          const { shims, contained } = ownProcesses(table, { ...OURS, selfPid });
          const chosen = pids([...shims, ...contained]);
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(chosen).not.toContain(1);
          expect(chosen).not.toContain(selfPid);
          const shimPids = pids(shims);
          for (const child of table.filter((e) => shimPids.includes(e.parentPid) && e.pid !== 1 && !chosen.includes(e.pid)))
            expect(isAbove(table, child.pid, selfPid)).toBe(true);
        },
      ),
    );
  });
});

function isAbove(table: readonly ProcessEntry[], pid: number, self: number): boolean {
  const seen = new Set<number>();
  for (let at: number | undefined = self; at !== undefined && !seen.has(at); at = table.find((e) => e.pid === at)?.parentPid) {
    if (at === pid) return true;
    seen.add(at);
  }
  return false;
}

describe('the network namespaces to release', () => {
  const files = [
    { path: '/run/netns/cni-a', id: '4:1' },
    { path: '/run/netns/cni-b', id: '4:2' },
    { path: '/run/netns/cni-host', id: '4:99' },
  ];

  it('are those that our processes are in, never the host network', () => {
    const processes = [entry(11, 10, [], { networkNamespace: '4:1' }), entry(12, 10, [], { networkNamespace: '4:99' }), entry(13, 10, [])];
    expect(namespacesOf(processes, files, '4:99')).toEqual(['/run/netns/cni-a']);
  });
});
