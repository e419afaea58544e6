import { expect, test } from 'vitest';
import type { PersistentVolumeClaim } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { pod } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { list, testNamespace } from './support/scope.ts';

const ns = testNamespace('housekeeping');

test("a pod's ephemeral volume gets a claim of its own, which goes with the pod", async () => {
  const volumeClaimTemplate = {
    metadata: { labels: { of: 'pod' } },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
  };
  await ns.apply(pod('p', { nodeSelector: { nowhere: 'at-all' }, volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate } }] }));
  const claim = await ns.until<PersistentVolumeClaim>('the claim is there', 'pvc/p-data', () => true);
  expect(claim.metadata).toMatchObject({ labels: { of: 'pod' }, ownerReferences: [{ kind: 'Pod', name: 'p', controller: true }] });
  await ns.run('delete', 'pod', 'p');
  await eventually('the claim is gone', async () => (await ns.run('get', 'pvc', 'p-data', '--ignore-not-found')) === '');
});

test('a bootstrap token is deleted when it expires', async () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'bootstrap-token-e2eold', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': 'e2eold',
      'token-secret': '0123456789abcdef',
      expiration: new Date(Date.now() + 3000).toISOString(),
    },
  };
  await kubectl(['create', '-f', '-'], { input: list([secret]) });
  await eventually('it is gone', async () => {
    const { stdout } = await kubectl(['get', 'secret', 'bootstrap-token-e2eold', '-n', 'kube-system', '--ignore-not-found']);
    return stdout === '';
  });
});
