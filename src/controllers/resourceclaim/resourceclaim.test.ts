import { afterEach, beforeEach, expect, test } from 'vitest';
import { events, pods } from '../../api/index.ts';
import { ApiError } from '../../api/meta/status.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceClaimTemplates } from '../../api/resource/resource-claim-template.ts';
import type { Pod } from '../../api/schema/generated/types.ts';
import { fakeClock } from '../../base/fake-clock.ts';
import { fakeCluster } from '../../client/fake-client.ts';
import { startControllers } from '../../client/fake-controllers.ts';
import { podResourceClaims, resourceClaim } from './resourceclaim.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

const FINALIZER = 'resource.kubernetes.io/delete-protection';

function start() {
  const clock = fakeClock();
  const cluster = fakeCluster({ clock });
  const { client } = cluster;
  const { signal } = stop;
  startControllers([podResourceClaims, resourceClaim], { client, clock, signal });
  const options = { namespace: 'n', signal };
  const template = () =>
    client.create(resourceClaimTemplates, { metadata: { name: 't', namespace: 'n' }, spec: { spec: { devices: {} } } }, options);
  const pod = (spec: Pod['spec'] = { containers: [] }) =>
    cluster.seed(pods, {
      metadata: { name: 'p', namespace: 'n' },
      spec: { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }], ...spec },
      status: { phase: 'Pending' },
    });
  /** As the scheduler does when it gives the pod a node. */
  const allocate = async (name: string, uid = '') => {
    const claim = await client.get(resourceClaims, name, options);
    const held = { ...claim, metadata: { ...claim.metadata, finalizers: [FINALIZER] } };
    const written = await client.update(resourceClaims, held, options);
    const status = { allocation: {}, ...(uid && { reservedFor: [{ resource: 'pods', name: 'p', uid }] }) };
    await client.update(resourceClaims, { ...written, status }, { ...options, subresource: 'status' });
  };
  const setPhase = (phase: string) => client.patch(pods, 'p', 'merge', { status: { phase } }, { ...options, subresource: 'status' });
  const claims = () => cluster.all(resourceClaims);
  const statuses = () => cluster.find(pods, 'n/p')?.status?.resourceClaimStatuses;
  return { clock, cluster, client, options, template, pod, allocate, setPhase, claims, statuses };
}

test('a pod gets its claim when the template comes, keeps it while it runs, and the claim goes when it has ended', async () => {
  const { clock, cluster, template, pod, allocate, setPhase, claims, statuses } = start();
  const { uid } = pod().metadata ?? {};
  await clock.advance(100);
  expect(cluster.all(events)[0]).toMatchObject({
    reason: 'FailedResourceClaimCreation',
    source: { component: 'resource_claim' },
    message: 'PodResourceClaim gpu: resource claim template "t": resourceclaimtemplate.resource.k8s.io "t" not found',
  });
  await template();
  await clock.advance(1000);
  const name = claims()[0]?.metadata?.name ?? '';
  expect(name).toMatch(/^p-gpu-/);
  expect(statuses()).toEqual([{ name: 'gpu', resourceClaimName: name }]);
  await allocate(name, uid);
  await setPhase('Running');
  await clock.advance(1000);
  const writes = cluster.writes.length;
  await clock.advance(3_600_000);
  expect(cluster.writes).toHaveLength(writes);
  expect(claims()[0]?.status).toMatchObject({ allocation: {}, reservedFor: [{ name: 'p' }] });
  await setPhase('Succeeded');
  await clock.advance(1000);
  expect(claims()).toEqual([]);
});

test('a pod whose status could not be written gets no second claim', async () => {
  const { clock, cluster, template, pod, claims, statuses } = start();
  let failures = 3;
  cluster.intercept = ({ verb, subresource }) => {
    if (verb === 'patch' && subresource === 'status' && failures-- > 0) throw new ApiError('InternalError', 'lost');
  };
  await template();
  pod();
  await clock.advance(60_000);
  expect(claims()).toHaveLength(1);
  expect(statuses()).toHaveLength(1);
});

test('a claim that was deleted under a pod is made again', async () => {
  const { clock, client, options, template, pod, claims, statuses } = start();
  await template();
  pod();
  await clock.advance(1000);
  const [first] = claims();
  await client.delete(resourceClaims, first?.metadata?.name ?? '', options);
  await clock.advance(1000);
  expect(claims()).toHaveLength(1);
  expect(claims()[0]?.metadata?.uid).not.toBe(first?.metadata?.uid);
  expect(statuses()).toEqual([{ name: 'gpu', resourceClaimName: claims()[0]?.metadata?.name }]);
});

test('a claim of its own stays when its pod goes, without devices and free to be deleted', async () => {
  const { clock, client, options, pod, allocate, claims } = start();
  await client.create(resourceClaims, { metadata: { name: 'mine', namespace: 'n' }, spec: {} }, options);
  const { uid } = pod({ containers: [], resourceClaims: [{ name: 'gpu', resourceClaimName: 'mine' }] }).metadata ?? {};
  await allocate('mine', uid);
  await clock.advance(1000);
  expect(claims()[0]?.metadata?.finalizers).toEqual([FINALIZER]);
  await client.delete(resourceClaims, 'mine', options);
  await clock.advance(1000);
  expect(claims()).toHaveLength(1);
  await client.delete(pods, 'p', options);
  await clock.advance(1000);
  expect(claims()).toEqual([]);
});

test('a claim with devices is reserved for a pod that got its node from somebody else than the scheduler', async () => {
  const { clock, client, options, pod, allocate, claims } = start();
  await client.create(resourceClaims, { metadata: { name: 'mine', namespace: 'n' }, spec: {} }, options);
  await allocate('mine');
  const { uid } = pod({ containers: [], nodeName: 'n1', resourceClaims: [{ name: 'gpu', resourceClaimName: 'mine' }] }).metadata ?? {};
  await clock.advance(1000);
  expect(claims()[0]?.status?.reservedFor).toEqual([{ resource: 'pods', name: 'p', uid }]);
});

test('before it takes a consumer away the controller asks the server whether the pod is there', async () => {
  const { clock, cluster, client, options, claims } = start();
  const asked: string[] = [];
  cluster.intercept = ({ verb, resource, name }) => void (verb === 'get' && asked.push(`${resource} ${name}`));
  await client.create(resourceClaims, { metadata: { name: 'mine', namespace: 'n' }, spec: {} }, options);
  const claim = await client.get(resourceClaims, 'mine', options);
  const status = { reservedFor: [{ resource: 'pods', name: 'ghost', uid: 'x' }] };
  await client.update(resourceClaims, { ...claim, status }, { ...options, subresource: 'status' });
  await clock.advance(1000);
  expect(asked).toContain('pods ghost');
  expect(claims()[0]?.status?.reservedFor).toBeUndefined();
});
