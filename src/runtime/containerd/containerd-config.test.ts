import { expect, test } from 'vitest';
import { containerdConfig } from './containerd-config.ts';
import { hasSysResource } from './host-facts.ts';

const config = {
  rootDir: '/data/agent/containerd',
  stateDir: '/run/minik/containerd',
  socketPath: '/run/minik/containerd/containerd.sock',
  cniConfDir: '/data/agent/net.d',
  cniBinDir: '/usr/lib/cni',
  registryDir: '/data/agent/registry',
  pauseImage: 'minik.internal/pause:1',
  snapshotter: 'overlayfs',
  cgroupDriver: 'cgroupfs',
  restrictOomScoreAdj: false,
} as const;

test('the configuration names our directories, our pause image and the snapshotter', () => {
  const text = containerdConfig(config);
  expect(text).toMatch(
    /^version = 2\nroot = "\/data\/agent\/containerd"\nstate = "\/run\/minik\/containerd"\noom_score = -999\ndisabled_plugins = \[/,
  );
  expect(text).toContain('sandbox_image = "minik.internal/pause:1"');
  expect(text).toContain('snapshotter = "overlayfs"');
  expect(text).toContain('restrict_oom_score_adj = false');
  expect(text).not.toContain('undefined');
});

test('without the capability, OOM scores are left alone', () => {
  const text = containerdConfig({ ...config, restrictOomScoreAdj: true });
  expect(text).toContain('oom_score = 0\n');
  expect(text).toContain('restrict_oom_score_adj = true');
});

test('CAP_SYS_RESOURCE is bit 24 of the effective set', () => {
  expect(hasSysResource('Name:\tx\nCapEff:\t000001ffffffffff\n')).toBe(true);
  expect(hasSysResource('CapEff:\t000001fffeffffff\n')).toBe(false);
  expect(hasSysResource('CapEff:\t0000000001000000\n')).toBe(true);
});
