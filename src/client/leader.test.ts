import { expect, test } from 'vitest';
import { leases } from '../api/index.ts';
import { ApiError } from '../api/meta/status.ts';
import { aborted } from '../base/abort.ts';
import { fakeClock } from '../base/fake-clock.ts';
import { silentLogger } from '../base/logger.ts';
import { fakeCluster } from './fake-client.ts';
import { leaderElection } from './leader.ts';

function set() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const leading = new Set<string>();
  let most = 0;
  const candidate = (identity: string) => {
    const stop = new AbortController();
    const lead = {
      name: identity,
      async run({ signal }: { signal: AbortSignal }) {
        leading.add(identity);
        most = Math.max(most, leading.size);
        await aborted(signal);
        leading.delete(identity);
      },
    };
    const { client } = cluster;
    const election = leaderElection({ client, clock, log: silentLogger, identity, namespace: 'kube-system', name: 'x', lead });
    return { stop, run: election.run({ signal: stop.signal, ready() {} }) };
  };
  return { clock, cluster, leading, candidate, most: () => most };
}

test('one candidate leads; when it stops it hands over without waiting for its lease to run out', async () => {
  const { clock, cluster, leading, candidate, most } = set();
  const a = candidate('a');
  const b = candidate('b');
  await clock.advance(60_000);
  expect([...leading]).toEqual(['a']);
  a.stop.abort();
  await a.run;
  await clock.advance(5_000);
  expect([...leading]).toEqual(['b']);
  expect(cluster.find(leases, 'kube-system/x')?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  expect(most()).toBe(1);
  b.stop.abort();
  await b.run;
});

test('a leader that cannot renew stops before another may take over', async () => {
  const { clock, cluster, leading, candidate, most } = set();
  const a = candidate('a');
  const b = candidate('b');
  await clock.advance(10_000);
  cluster.intercept = ({ verb, body }) => {
    const holder = (body as { spec?: { holderIdentity?: string } } | undefined)?.spec?.holderIdentity;
    if (verb === 'update' && holder === 'a') throw new ApiError('ServiceUnavailable', 'cut off');
  };
  await clock.advance(13_000);
  expect([...leading]).toEqual([]);
  await clock.advance(10_000);
  expect([...leading]).toEqual(['b']);
  expect(most()).toBe(1);
  for (const { stop, run } of [a, b]) {
    stop.abort();
    await run;
  }
});
