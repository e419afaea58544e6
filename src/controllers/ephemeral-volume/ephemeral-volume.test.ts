import fc from 'fast-check';
import { expect, test } from 'vitest';
import { persistentVolumeClaims, pods } from '../../api/index.ts';
import type { PersistentVolumeClaim, Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { ephemeralVolume } from './ephemeral-volume.ts';
import { planClaims } from './ephemeral-volume-plan.ts';

const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const pod = (volumes: readonly string[], uid = 'u'): Pod => ({
  metadata: { name: 'p', namespace: 'n', uid },
  spec: {
    containers: [],
    volumes: [
      { name: 'plain', emptyDir: {} },
      ...volumes.map((name) => ({ name, ephemeral: { volumeClaimTemplate: { metadata: { labels: { of: name } }, spec } } })),
    ],
  },
});

test('every ephemeral volume gets one claim of its template, named and owned by the pod, and then nothing more', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/)), (volumes) => {
      const claims = new Map<string, PersistentVolumeClaim>();
      for (const step of planClaims(pod(volumes), (name) => claims.get(name))) {
        if (step.do === 'create') claims.set(step.claim.metadata?.name ?? '', step.claim);
      }
      expect([...claims.keys()]).toEqual(volumes.map((name) => `p-${name}`));
      for (const { metadata, spec: made } of claims.values()) {
        expect(made).toEqual(spec);
        expect(metadata?.ownerReferences?.[0]).toMatchObject({
          kind: 'Pod',
          name: 'p',
          uid: 'u',
          controller: true,
          blockOwnerDeletion: true,
        });
      }
      expect(planClaims(pod(volumes), (name) => claims.get(name))).toEqual([]);
    }),
  );
});

test("another's claim of the name is refused in upstream's words, and pods that go get none", () => {
  expect(planClaims(pod(['data']), () => ({ metadata: { name: 'p-data' } }))).toEqual([
    { do: 'refuse', volume: 'data', message: 'PVC n/p-data was not created for pod n/p (pod is not the owner)' },
  ]);
  const going = pod(['data']);
  expect(planClaims({ ...going, metadata: { ...going.metadata, deletionTimestamp: 'x' } }, () => undefined)).toEqual([]);
});

test('the loop makes the claim, makes it again when it is deleted, and takes no claim of somebody else', async () => {
  const stop = new AbortController();
  const { signal } = stop;
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  startControllers([ephemeralVolume], { client, clock, signal });
  cluster.seed(persistentVolumeClaims, { metadata: { name: 'p-taken', namespace: 'n' } });
  await client.create(pods, pod(['data']), { namespace: 'n', signal });
  await client.create(pods, { ...pod([]), metadata: { name: 'q', namespace: 'n' } }, { namespace: 'n', signal });
  await clock.advance(1000);
  const names = () => cluster.all(persistentVolumeClaims).map((c) => c.metadata?.name);
  expect(names()).toEqual(['p-taken', 'p-data']);
  await client.delete(persistentVolumeClaims, 'p-data', { namespace: 'n', signal });
  await clock.advance(1000);
  expect(names()).toEqual(['p-taken', 'p-data']);
  stop.abort();
});
