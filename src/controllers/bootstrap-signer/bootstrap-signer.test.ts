import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { configMaps, secrets } from '../../api/index.ts';
import type { Secret } from '../../api/schema/generated/types.ts';
import { rfc3339 } from '../../base/clock.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { bootstrapSigner } from './bootstrap-signer.ts';
import { planSignatures } from './signatures-plan.ts';

const token = (id: string, more: Record<string, string> = {}): Secret => {
  const values = { 'token-id': id, 'token-secret': `${id}-secret`, 'usage-bootstrap-signing': 'true', ...more };
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, btoa(value)]));
  return { metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token', data };
};

test('the kubeconfig is signed by every token that is for signing, and the signatures go with their tokens', async () => {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const stop = new AbortController();
  const { signal } = stop;
  const metadata = { name: 'cluster-info', namespace: 'kube-public' };
  cluster.seed(secrets, token('aaaaaa'));
  cluster.seed(secrets, token('brief0', { expiration: rfc3339(clock.now() + 60_000) }));
  cluster.seed(secrets, token('unused', { 'usage-bootstrap-signing': 'false' }));
  startControllers([bootstrapSigner], { client: cluster.client, clock, signal });
  await clock.advance(1_000);
  expect(cluster.writes).toEqual([]);
  await cluster.client.create(configMaps, { metadata, data: { kubeconfig: 'text' } }, { namespace: 'kube-public', signal });
  const data = () => cluster.find(configMaps, 'kube-public/cluster-info')?.data ?? {};
  await clock.advance(1_000);
  expect(Object.keys(data()).sort()).toEqual(['jws-kubeconfig-aaaaaa', 'jws-kubeconfig-brief0', 'kubeconfig']);
  const [header = '', payload, signature] = (data()['jws-kubeconfig-aaaaaa'] ?? '').split('.');
  expect([JSON.parse(Buffer.from(header, 'base64url').toString()), payload]).toEqual([{ alg: 'HS256', kid: 'aaaaaa' }, '']);
  const signed = `${header}.${Buffer.from('text').toString('base64url')}`;
  expect(signature).toBe(createHmac('sha256', 'aaaaaa-secret').update(signed).digest('base64url'));
  const writes = cluster.writes.length;
  await clock.advance(30_000);
  expect(cluster.writes.length).toBe(writes);
  await clock.advance(40_000);
  expect(Object.keys(data()).sort()).toEqual(['jws-kubeconfig-aaaaaa', 'kubeconfig']);
  await cluster.client.delete(secrets, 'bootstrap-token-aaaaaa', { namespace: 'kube-system', signal });
  await clock.advance(1_000);
  expect(data()).toEqual({ kubeconfig: 'text' });
  stop.abort();
});

test('the plan leaves other data alone and asks for nothing when it is done', () => {
  const names = fc.stringMatching(/^[a-z0-9]{6}$/);
  fc.assert(
    fc.property(fc.dictionary(names, fc.string()), fc.dictionary(names, fc.string()), (others, signatures) => {
      const wanted = new Map(Object.entries(signatures));
      const data = planSignatures({ ...others, 'jws-kubeconfig-old000': 'x' }, wanted) ?? {};
      expect(Object.keys(data).length).toBe(Object.keys(others).length + wanted.size);
      for (const [key, value] of Object.entries(others)) expect(data[key]).toBe(value);
      expect(planSignatures(data, wanted)).toBeUndefined();
    }),
  );
});
