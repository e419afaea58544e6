import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secrets, serviceAccounts } from '../../api/index.ts';
import type { Secret } from '../../api/schema/generated/types.ts';
import { type FakeClock, fakeClock } from '../../base/fake-clock.ts';
import { type FakeCluster, fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { serviceAccountToken } from './serviceaccount-token.ts';

const text = (data: string | undefined) => Buffer.from(data ?? '', 'base64').toString();
const tokenSecret = (name: string, account: string, more: Partial<Secret> = {}): Secret => ({
  metadata: { name, namespace: 'ci', uid: `${name}-uid`, annotations: { 'kubernetes.io/service-account.name': account } },
  type: 'kubernetes.io/service-account-token',
  ...more,
});

describe('the service account token controller', () => {
  let clock: FakeClock;
  let cluster: FakeCluster;
  let stop: AbortController;
  beforeEach(() => {
    clock = fakeClock();
    cluster = fakeCluster({ clock });
    stop = new AbortController();
    cluster.seed(serviceAccounts, { metadata: { name: 'robot', namespace: 'ci', uid: 'robot-uid' } });
  });
  afterEach(() => stop.abort());
  const run = async () => {
    const { client } = cluster;
    const controller = serviceAccountToken({ caPem: 'CA', issueToken: async (claims) => JSON.stringify(claims) });
    startControllers([controller], { client, clock, signal: stop.signal });
    await clock.advance(2000);
  };

  it('fills a Secret with token, CA and namespace, and says whose it is', async () => {
    cluster.seed(secrets, tokenSecret('key', 'robot'));
    await run();
    const secret = cluster.find(secrets, 'ci/key');
    expect(secret?.metadata?.annotations).toEqual({
      'kubernetes.io/service-account.name': 'robot',
      'kubernetes.io/service-account.uid': 'robot-uid',
    });
    expect(JSON.parse(text(secret?.data?.token))).toEqual({
      namespace: 'ci',
      serviceaccount: { name: 'robot', uid: 'robot-uid' },
      secret: { name: 'key' },
    });
    expect([text(secret?.data?.['ca.crt']), text(secret?.data?.namespace)]).toEqual(['CA', 'ci']);
  });

  it('leaves whole ones and other kinds of Secret alone', async () => {
    cluster.seed(secrets, tokenSecret('key', 'robot'));
    cluster.seed(secrets, { metadata: { name: 'plain', namespace: 'ci' }, type: 'Opaque' });
    await run();
    expect(cluster.writes).toEqual(['update secrets ci/key']);
  });

  it('removes Secrets of accounts that are not there, or not the same any more', async () => {
    cluster.seed(secrets, tokenSecret('lost', 'nobody'));
    const stale = tokenSecret('stale', 'robot');
    cluster.seed(secrets, {
      ...stale,
      metadata: { ...stale.metadata, annotations: { ...stale.metadata?.annotations, 'kubernetes.io/service-account.uid': 'another' } },
    });
    cluster.seed(secrets, tokenSecret('key', 'robot'));
    await run();
    expect(cluster.all(secrets).map(({ metadata }) => metadata?.name)).toEqual(['key']);
    await cluster.client.delete(serviceAccounts, 'robot', { namespace: 'ci', signal: stop.signal });
    await clock.advance(2000);
    expect(cluster.all(secrets)).toEqual([]);
  });
});
