import { expect, test } from 'vitest';
import { pathsOf } from './paths.ts';

test('the default data directory has its sockets in /run and its pod logs where log collectors look', () => {
  expect(pathsOf('/var/lib/minik')).toMatchObject({
    tlsDir: '/var/lib/minik/server/tls',
    stateDir: '/run/minik',
    containerdSocket: '/run/minik/containerd.sock',
    podLogsDir: '/var/log/pods',
  });
});

test('another data directory keeps everything inside itself', () => {
  expect(new Set(Object.values(pathsOf('/srv/a')).map((path) => path.startsWith('/srv/a')))).toEqual(new Set([true]));
});
