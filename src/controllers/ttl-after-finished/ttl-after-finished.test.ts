import { expect, test } from 'vitest';
import { jobs } from '../../api/batch/job.ts';
import { ApiError } from '../../api/meta/status.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { ttlAfterFinished } from './ttl-after-finished.ts';

/** A Job that has just ended, `ttlSeconds` before it is to go. The first deletions that are asked for meet a conflict. */
async function ended({ ttlSeconds, conflicts = 0 }: { ttlSeconds: number; conflicts?: number }) {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  let left = conflicts;
  cluster.intercept = ({ verb }) => {
    if (verb === 'delete' && left-- > 0) throw new ApiError('Conflict', 'the object has been modified');
  };
  const now = rfc3339(clock.now());
  const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
  const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: now }];
  cluster.seed(jobs, {
    metadata: { name: 'j', namespace: 'n' },
    spec: { template, ttlSecondsAfterFinished: ttlSeconds },
    status: { conditions },
  });
  startControllers([ttlAfterFinished], { client: cluster.client, clock, signal: new AbortController().signal });
  await clock.advance(1);
  return {
    cluster,
    clock,
    isLeft: () => cluster.find(jobs, 'n/j') !== undefined && !cluster.find(jobs, 'n/j')?.metadata?.deletionTimestamp,
  };
}

test('a finished Job stays for its time to live, and goes then', async () => {
  const { clock, isLeft } = await ended({ ttlSeconds: 10 });
  await clock.advance(9_000);
  expect(isLeft()).toBe(true);
  await clock.advance(2_000);
  expect(isLeft()).toBe(false);
});

test('a deletion that meets a conflict is asked for again, though nobody has changed the Job', async () => {
  const { cluster, clock, isLeft } = await ended({ ttlSeconds: 0, conflicts: 2 });
  await clock.advance(5_000);
  expect(isLeft()).toBe(false);
  expect(cluster.writes.length).toBeLessThanOrEqual(3);
});
