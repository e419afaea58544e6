import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cniResultsOf, dataDirectoryPlan, logDirectoriesOf, mountsToRelease, podCgroups } from './disk-plan.ts';

describe('mounts to release', () => {
  it('are those below our directories and our namespace files, deepest first', () => {
    const targets = [
      '/',
      '/run/netns/cni-a',
      '/run/netns/cni-b',
      '/data',
      '/data/agent/pods/u/volumes',
      '/data/agent/pods/u/volumes/nfs/v',
      '/database',
    ];
    expect(mountsToRelease(targets, ['/data', '/run/minik'], ['/run/netns/cni-a'])).toEqual([
      '/data/agent/pods/u/volumes/nfs/v',
      '/data/agent/pods/u/volumes',
      '/run/netns/cni-a',
    ]);
  });

  it('name a path as often as something is mounted on it', () => {
    expect(mountsToRelease(['/data/a', '/data/a'], ['/data'], [])).toEqual(['/data/a', '/data/a']);
  });

  it('never come before a mount below them', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 }).map((parts) => `/data/${parts.join('/')}`);
    fc.assert(
      fc.property(fc.array(path), (targets) => {
        const order = mountsToRelease(targets, ['/data'], []);
        expect(order).toHaveLength(targets.length);
        for (const [at, target] of order.entries()) expect(order.slice(at + 1).some((later) => later.startsWith(`${target}/`))).toBe(false);
      }),
    );
  });
});

describe('the data directory', () => {
  it('loses what minik made, files half written included, and keeps what others put there', () => {
    expect(
      dataDirectoryPlan(['agent', 'server', 'minik.pid.77', 'kubeconfig.yaml.tmp', 'kubeconfig.yaml', 'notes.txt', 'server.old']),
    ).toEqual({
      remove: ['agent', 'server', 'minik.pid.77', 'kubeconfig.yaml.tmp', 'kubeconfig.yaml'],
      keep: ['notes.txt', 'server.old'],
    });
  });
});

it('a pod may have its cgroup in any QoS class', () => {
  expect(podCgroups('u')).toEqual(['/kubepods/podu', '/kubepods/burstable/podu', '/kubepods/besteffort/podu']);
});

it('log directories are told by the uid at their end', () => {
  expect(logDirectoriesOf(['default_web_u-1', 'default_web_u-2', 'u-1', 'other_u-1_x'], ['u-1'])).toEqual(['default_web_u-1', 'u-1']);
});

it('CNI results are ours when the sandbox is, not by the name of the network alone', () => {
  const names = ['minik-abc-eth0', 'cni-loopback-abc-lo', 'minik-def-eth0', 'cni-loopback-def-lo', 'other-abc-eth0', 'minik-abcd-eth0'];
  expect(cniResultsOf(names, ['minik', 'cni-loopback'], ['abc'])).toEqual(['minik-abc-eth0', 'cni-loopback-abc-lo']);
});
