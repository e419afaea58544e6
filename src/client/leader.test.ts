import { expect, test } from 'vitest';
import { leases } from '../api/index.ts';
import type { KubeObject } from '../api/meta/object.ts';
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
  const told: string[] = [];
  const shown: string[] = [];
  const candidate = (identity: string, { sole }: { sole?: boolean } = {}) => {
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
    const event = (...[about, type, reason, message]: [KubeObject, string, string, string]) =>
      void told.push(`${about.kind}/${about.metadata?.name} ${type} ${reason} ${message}`);
    const leads = (name: string, does: boolean) => void shown.push(`${identity} ${name} ${does}`);
    const about = { identity, namespace: 'kube-system', name: 'x', sole, event, leading: leads, lead };
    const election = leaderElection({ client, clock, log: silentLogger, ...about });
    return { stop, run: election.run({ signal: stop.signal, ready() {} }) };
  };
  return { told, shown, clock, cluster, leading, candidate, most: () => most };
}

test('one candidate leads; when it stops it hands over without waiting for its lease to run out', async () => {
  const { clock, cluster, leading, candidate, most, shown } = set();
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
  expect(shown).toEqual(['a x false', 'b x false', 'a x true', 'a x false', 'b x true', 'b x false']);
});

test('where nobody else can be, it leads at once whoever had the lease, and says so now and then', async () => {
  const { clock, cluster, leading, candidate, told } = set();
  const killed = { holderIdentity: 'killed', leaseDurationSeconds: 15, renewTime: '2026-01-01T00:00:00.000000Z', leaseTransitions: 3 };
  cluster.seed(leases, { metadata: { name: 'x', namespace: 'kube-system' }, spec: killed });
  const only = candidate('only', { sole: true });
  expect([...leading]).toEqual(['only']);
  await clock.advance(1);
  expect(cluster.find(leases, 'kube-system/x')?.spec).toMatchObject({ holderIdentity: 'only', leaseTransitions: 4 });
  await clock.advance(60_000);
  expect(cluster.writes.length).toBe(7);
  expect(told).toEqual(['Lease/x Normal LeaderElection only became leader']);
  only.stop.abort();
  await only.run;
  expect([[...leading], cluster.find(leases, 'kube-system/x')?.spec?.holderIdentity]).toEqual([[], '']);
});

test('where nobody else can be, it leads on when the lease cannot be written, and takes it back from whoever wrote it', async () => {
  const { clock, cluster, leading, candidate } = set();
  const only = candidate('only', { sole: true });
  await clock.advance(1_000);
  cluster.intercept = () => {
    throw new ApiError('ServiceUnavailable', 'not now');
  };
  await clock.advance(60_000);
  expect([...leading]).toEqual(['only']);
  cluster.intercept = () => {};
  const lease = cluster.find(leases, 'kube-system/x');
  cluster.seed(leases, { ...lease, spec: { ...lease?.spec, holderIdentity: 'somebody' } });
  await clock.advance(11_000);
  expect(cluster.find(leases, 'kube-system/x')?.spec?.holderIdentity).toBe('only');
  only.stop.abort();
  await only.run;
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
