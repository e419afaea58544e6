import fc from 'fast-check';
import { expect, test } from 'vitest';
import { secrets } from '../../api/index.ts';
import type { Secret } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { tokenCleaner } from './token-cleaner.ts';
import { tokenLifeMs } from './token-cleaner-plan.ts';

const secret = (name: string, expiration?: string, more: Partial<Secret> = {}): Secret => ({
  metadata: { name, namespace: 'kube-system', uid: name },
  type: 'bootstrap.kubernetes.io/token',
  ...(expiration !== undefined && { data: { expiration: btoa(expiration) } }),
  ...more,
});

test('a token lives until its expiration, for ever without one, and not at all with one that cannot be read', () => {
  const now = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(fc.integer({ min: -1e9, max: 1e9 }), (seconds) => {
      expect(tokenLifeMs(secret('t', rfc3339(now + seconds * 1000)), now)).toBe(Math.max(seconds, 0) * 1000);
    }),
  );
  expect(tokenLifeMs(secret('t'), now)).toBeUndefined();
  expect(tokenLifeMs(secret('t', ''), now)).toBeUndefined();
  expect(tokenLifeMs(secret('t', '2026-01-01T02:00:00+01:00'), now)).toBe(3_600_000);
  for (const text of ['soon', '2027', '2027-01-01', '2027-13-01T00:00:00Z']) expect(tokenLifeMs(secret('t', text), now)).toBe(0);
  expect(tokenLifeMs(secret('t', undefined, { data: { expiration: '%' } }), now)).toBe(0);
});

test('the loop deletes tokens when they expire, and nothing else', async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const soon = rfc3339(clock.now() + 60_000);
  cluster.seed(secrets, secret('for-ever'));
  cluster.seed(secrets, secret('brief', soon));
  cluster.seed(secrets, secret('opaque', soon, { type: 'Opaque' }));
  cluster.seed(secrets, secret('elsewhere', soon, { metadata: { name: 'elsewhere', namespace: 'default' } }));
  startControllers([tokenCleaner], { client, clock, signal });
  await clock.advance(30_000);
  expect(cluster.all(secrets).length).toBe(4);
  await clock.advance(31_000);
  expect(cluster.all(secrets).map((s) => s.metadata?.name)).toEqual(['for-ever', 'opaque', 'elsewhere']);
  stop.abort();
});
