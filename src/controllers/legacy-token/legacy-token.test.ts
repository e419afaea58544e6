import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMaps, pods, secrets, serviceAccounts } from '../../api/index.ts';
import type { Secret } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { legacyTokenCleaner, legacyTokenTracking } from './legacy-token.ts';
import { TRACKING } from './legacy-token-plan.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const DAY_MS = 86_400_000;
const LABELS = { used: 'kubernetes.io/legacy-token-last-used', invalid: 'kubernetes.io/legacy-token-invalid-since' };

function start(secret: Partial<NonNullable<Secret['metadata']>> = {}) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  cluster.seed(configMaps, { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' } });
  cluster.seed(serviceAccounts, { metadata: { name: 'robot', namespace: 'n', uid: 'r' }, secrets: [{ name: 'robot-token' }] });
  cluster.seed(secrets, {
    metadata: { name: 'robot-token', namespace: 'n', annotations: { 'kubernetes.io/service-account.name': 'robot' }, ...secret },
    type: 'kubernetes.io/service-account-token',
  });
  const controllers = [legacyTokenTracking(), legacyTokenCleaner];
  startControllers(controllers, { client: cluster.client, clock, signal: stop.signal });
  const token = () => cluster.find(secrets, 'n/robot-token');
  const since = () => cluster.find(configMaps, `kube-system/${TRACKING.name}`)?.data?.since;
  return { clock, cluster, token, since };
}

describe('a generated token in a Secret', () => {
  it('is marked as invalid when nobody used it for a year, and goes a year after that', async () => {
    const { clock, token, since } = start();
    await clock.advance(1_000);
    expect(since()).toBe('2026-01-01');
    await clock.advance(365 * DAY_MS);
    expect(token()?.metadata?.labels).toBeUndefined();
    await clock.advance(3 * DAY_MS);
    expect(token()?.metadata?.labels?.[LABELS.invalid]).toMatch(/^2027-01-0[2-4]$/);
    await clock.advance(360 * DAY_MS);
    expect(token()).toBeDefined();
    await clock.advance(8 * DAY_MS);
    expect(token()).toBeUndefined();
  });

  it('stays while it is used, or a pod mounts it', async () => {
    const used = start({ labels: { [LABELS.used]: '2026-11-01' } });
    await used.clock.advance(400 * DAY_MS);
    expect(used.token()?.metadata?.labels).toEqual({ [LABELS.used]: '2026-11-01' });
    const mounted = start();
    const volumes = [{ name: 't', secret: { secretName: 'robot-token' } }];
    mounted.cluster.seed(pods, { metadata: { name: 'p', namespace: 'n' }, spec: { containers: [], volumes } });
    await mounted.clock.advance(400 * DAY_MS);
    expect(mounted.token()?.metadata?.labels).toBeUndefined();
  });

  it('that its account does not list was made by hand, and stays', async () => {
    const { clock, cluster, token } = start();
    cluster.seed(serviceAccounts, { metadata: { name: 'robot', namespace: 'n', uid: 'r' } });
    await clock.advance(800 * DAY_MS);
    expect(token()?.metadata?.labels).toBeUndefined();
  });
});

describe('the ConfigMap that says since when uses are noted', () => {
  it('comes back when it is deleted, not at once if that happens again, and is put right', async () => {
    const { clock, cluster, since } = start();
    await clock.advance(1_000);
    await cluster.client.patch(
      configMaps,
      TRACKING.name,
      'merge',
      { data: { since: 'soon' } },
      { namespace: 'kube-system', signal: stop.signal },
    );
    await clock.advance(1_000);
    expect(since()).toBe('2026-01-01');
    await cluster.client.delete(configMaps, TRACKING.name, { namespace: 'kube-system', signal: stop.signal });
    await clock.advance(20 * 60_000);
    expect(since()).toBeUndefined();
    await clock.advance(11 * 60_000);
    expect(since()).toBe('2026-01-01');
  });
});
