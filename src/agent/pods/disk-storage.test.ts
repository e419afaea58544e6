import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { silentLogger } from '../../base/logger.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { DiskStorage } from './disk-storage.ts';

const { signal } = new AbortController();

test('claims are known by where they are mounted, as long as they are', async () => {
  const logsDirectory = mkdtempSync(join(tmpdir(), 'logs-'));
  const volumes: Volumes = {
    mount: async (pod) => new Map(pod.spec?.volumes?.map(({ name }) => [name, { plugin: 'host-path', hostPath: `/srv/${name}` }])),
    unmount: async () => {},
    refresh: async () => {},
    known: async () => [],
  };
  const storage = new DiskStorage({ volumes, podsDirectory: '/none', logsDirectory, clock: fakeClock(), log: silentLogger });
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'n', uid: 'u' },
    spec: {
      containers: [],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'c' } },
        { name: 'own', ephemeral: { volumeClaimTemplate: { spec: {} } } },
        { name: 'scratch', emptyDir: {} },
      ],
    },
  };
  await storage.mount(pod, { signal });
  expect(storage.claimedVolumes()).toEqual([
    { namespace: 'n', claim: 'c', path: '/srv/data' },
    { namespace: 'n', claim: 'p-own', path: '/srv/own' },
  ]);
  await storage.unmount(pod, { signal });
  expect(storage.claimedVolumes()).toEqual([]);
  rmSync(logsDirectory, { recursive: true });
});

test('volumes are counted by their plugins: those that are wanted from the start on, and those that are there', async () => {
  const logsDirectory = mkdtempSync(join(tmpdir(), 'logs-'));
  let broken = true;
  const volumes: Volumes = {
    async mount() {
      if (broken) throw new Error('not yet');
      return new Map([
        ['c', { plugin: 'local-volume', hostPath: '/srv/c' }],
        ['e', { plugin: 'empty-dir', hostPath: '/srv/e' }],
      ]);
    },
    unmount: async () => {},
    refresh: async () => {},
    known: async () => [],
  };
  const storage = new DiskStorage({ volumes, podsDirectory: '/none', logsDirectory, clock: fakeClock(), log: silentLogger });
  const claimed = { name: 'c', persistentVolumeClaim: { claimName: 'c' } };
  const pod: Pod = {
    metadata: { name: 'p', namespace: 'n', uid: 'u' },
    spec: { containers: [], volumes: [claimed, { name: 'e', emptyDir: {} }] },
  };
  await storage.mount(pod, { signal }).catch(() => {});
  expect(storage.volumePlugins()).toEqual({ mounted: [], wanted: [undefined, 'empty-dir'] });
  broken = false;
  await storage.mount(pod, { signal });
  expect(storage.volumePlugins()).toEqual({ mounted: ['local-volume', 'empty-dir'], wanted: ['local-volume', 'empty-dir'] });
  await storage.unmount(pod, { signal });
  expect(storage.volumePlugins()).toEqual({ mounted: [], wanted: [] });
  rmSync(logsDirectory, { recursive: true });
});
