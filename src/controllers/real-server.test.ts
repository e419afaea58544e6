import { afterEach, beforeEach, expect, test } from 'vitest';
import { customResourceDefinitions } from '../api/apiextensions/custom-resource-definition.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  endpointSlices,
  events,
  jobs,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  registry,
  replicaSets,
  services,
  statefulSets,
} from '../api/index.ts';
import { customKinds } from '../api/live-registry.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { podDisruptionBudgets } from '../api/policy/pod-disruption-budget.ts';
import { resourceClaims } from '../api/resource/resource-claim.ts';
import { resourceClaimTemplates } from '../api/resource/resource-claim-template.ts';
import type { CronJob, Deployment, Job, PodDisruptionBudget, StatefulSet } from '../api/schema/generated/types.ts';
import { rfc3339 } from '../base/clock.ts';
import { fakeClock } from '../base/fake-clock.ts';
import type { Logger } from '../base/logger.ts';
import { silentLogger } from '../base/logger.ts';
import { createClient } from '../client/client.ts';
import { createInformers } from '../client/informer.ts';
import { runControllers } from '../client/run-controllers.ts';
import { namespaceLifecycle } from '../server/admission/plugins/namespace-lifecycle.ts';
import { cronTabs } from '../server/crd/fake-crds.ts';
import { objectReader } from '../server/object-reader.ts';
import { createApiCore, openApi } from '../server/server.ts';
import { memoryStore } from '../store/memory/memory-store.ts';
import { createWatchCache } from '../store/watch-cache/watch-cache.ts';
import { controllers } from './index.ts';

let stop: AbortController;
beforeEach(() => {
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** The real registry on a store in memory, all controllers on its in-process door, and a kubelet that runs and ends pods. */
async function start() {
  const clock = fakeClock();
  const { signal } = stop;
  const warnings: unknown[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (fields) => void warnings.push(fields),
    error: (fields) => void warnings.push(fields),
    child: () => log,
  };
  const cache = createWatchCache(memoryStore(), { clock, log });
  const resources = await openApi(registry, cache);
  const authorizer = () => ({ allowed: true, reason: '' });
  const core = createApiCore({
    resources,
    authorizer,
    serviceCidrs: ['10.43.0.0/16'],
    // Or a deleted namespace is filled as fast as it is emptied.
    admission: [namespaceLifecycle(objectReader(resources))],
    clock,
    random: Math.random,
    log,
  });
  const client = createClient(core.localTransport({ name: 'test', groups: ['system:masters'] }, 'test'));
  const informers = createInformers({ client, clock, log, random: () => 0 });
  const noSigner = { describeCsr: () => Promise.reject(new Error('none')), signCsr: () => Promise.reject(new Error('none')) };
  const list = controllers({
    registry,
    custom: customKinds(core.definitions),
    caPem: 'CA',
    signer: noSigner,
    issueToken: async () => 'token',
    podRanges: [{ cidr: '10.42.0.0/16', nodeBits: 24 }],
  });
  const runs = Promise.all([
    core.customResources.run({ signal, ready() {} }),
    informers.run({ signal, ready() {} }),
    runControllers({ controllers: list, client, informers, resource: registry.byId, clock, log }).run({ signal, ready() {} }),
  ]);
  const all = async <T extends object>(resource: Parameters<typeof client.list<T>>[0], namespace = 'n') =>
    (await client.list<T>(resource, { namespace, signal })).items;
  let heartbeats = 0;
  const heartbeat = () => {
    heartbeats += 1;
    const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime: rfc3339(clock.now()) }];
    return client.patch(nodes, 'a', 'strategic', { status: { conditions } }, { subresource: 'status', signal });
  };
  const kubelet = async () => {
    await heartbeat();
    for (const [i, pod] of (await all(pods)).entries()) {
      const name = pod.metadata?.name ?? '';
      if (pod.metadata?.deletionTimestamp && !pod.metadata.finalizers?.length) {
        await client.delete(pods, name, { namespace: 'n', delete: { gracePeriodSeconds: 0 }, signal });
      } else if (!pod.spec?.nodeName) {
        const binding = { metadata: { name }, target: { kind: 'Node', name: 'a' } };
        await client.create(pods, binding, { namespace: 'n', subresource: 'binding', signal });
      } else if (pod.metadata?.labels?.['job-name']) {
        const status = { phase: pod.metadata.labels.fate ?? 'Succeeded' };
        await client.patch(pods, name, 'merge', { status }, { namespace: 'n', subresource: 'status', signal });
      } else if (pod.status?.phase !== 'Running') {
        const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(clock.now()) }];
        const podIP = `10.42.0.${i + 2}`;
        const status = { phase: 'Running', conditions, podIP, podIPs: [{ ip: podIP }] };
        await client.patch(pods, name, 'merge', { status }, { namespace: 'n', subresource: 'status', signal });
      }
    }
  };
  const live = async (seconds: number) => {
    for (let i = 0; i < seconds * 10; i += 1) {
      await clock.advance(100);
      if (i % 10 === 9) await kubelet();
    }
  };
  await client.create(nodes, { metadata: { name: 'a' } }, { signal });
  await client.create(namespaces, { metadata: { name: 'n' } }, { signal });
  await live(1);
  return { core, clock, client, signal, live, all, warnings, runs, heartbeats: () => heartbeats };
}

const web = (image: string, replicas: number): Deployment => ({
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 80 }] }] } },
  },
});

const job = (name: string, spec: Partial<NonNullable<Job['spec']>>, fate = 'Succeeded'): Job => ({
  metadata: { name, namespace: 'n' },
  spec: {
    template: { metadata: { labels: { fate } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } },
    ...spec,
  },
});

test('on the real server a job that was suspended goes on, and one that is suspended with nothing to do is complete', async () => {
  const { client, signal, live, warnings } = await start();
  const options = { namespace: 'n', signal };
  await client.create(jobs, job('paused', { completions: 2 }, 'Running'), options);
  await client.create(jobs, job('nothing', { completions: 0, suspend: true }), options);
  await live(3);
  const status = async (name: string) => (await client.get(jobs, name, options)).status;
  const has = async (name: string) => (await status(name))?.conditions?.filter((c) => c.status === 'True').map((c) => c.type);
  expect(await has('nothing')).toEqual(['SuccessCriteriaMet', 'Complete']);
  const startTime = (await status('paused'))?.startTime;
  await client.patch(jobs, 'paused', 'merge', { spec: { suspend: true } }, options);
  await live(3);
  expect([await has('paused'), (await status('paused'))?.startTime]).toEqual([['Suspended'], undefined]);
  const change = {
    spec: { suspend: false, template: { metadata: { labels: { fate: 'Succeeded' } }, spec: { nodeSelector: { a: 'b' } } } },
  };
  await client.patch(jobs, 'paused', 'merge', change, options);
  await live(10);
  expect(await has('paused')).toEqual(['SuccessCriteriaMet', 'Complete']);
  expect(Date.parse((await status('paused'))?.startTime ?? '')).toBeGreaterThan(Date.parse(startTime ?? ''));
  expect(warnings).toEqual([]);
});

test('on the real server an elastic job that is made smaller is complete with what is left of it', async () => {
  const { client, signal, live, warnings } = await start();
  const options = { namespace: 'n', signal };
  await client.create(jobs, job('elastic', { completions: 3, parallelism: 3, completionMode: 'Indexed', suspend: false }), options);
  await live(1);
  await client.patch(jobs, 'elastic', 'merge', { spec: { completions: 1, parallelism: 1 } }, options);
  await live(5);
  const { status } = await client.get(jobs, 'elastic', options);
  expect([status?.succeeded, status?.completedIndexes, status?.conditions?.at(-1)?.type]).toEqual([1, '0', 'Complete']);
  expect(warnings).toEqual([]);
});

test('on the real server a deployment rolls out, scales, rolls back, is served, and is deleted with all that it made', async () => {
  const { client, signal, live, all, warnings } = await start();
  const options = { namespace: 'n', signal };
  expect((await all(configMaps)).map((c) => c.metadata?.name)).toEqual(['kube-root-ca.crt']);
  await client.create(deployments, web('a', 3), options);
  await client.create(services, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } }, options);
  await live(6);
  const status = async () => (await client.get(deployments, 'web', options)).status;
  expect(await status()).toMatchObject({ replicas: 3, updatedReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
  expect((await all(endpointSlices)).flatMap((s) => s.endpoints ?? []).filter((e) => e.conditions?.ready).length).toBe(3);
  await client.patch(deployments, 'web', 'merge', { spec: { replicas: 5 } }, options);
  await live(5);
  await client.patch(
    deployments,
    'web',
    'strategic',
    { spec: { template: { spec: { containers: [{ name: 'c', image: 'b' }] } } } },
    options,
  );
  await live(20);
  const images = async () => (await all(pods)).map((p) => p.spec?.containers[0]?.image);
  expect(await images()).toEqual(['b', 'b', 'b', 'b', 'b']);
  const old = (await all(replicaSets)).find((rs) => rs.spec?.replicas === 0);
  await client.patch(
    deployments,
    'web',
    'json',
    [{ op: 'replace', path: '/spec/template/spec', value: old?.spec?.template?.spec }],
    options,
  );
  await live(20);
  expect(await images()).toEqual(['a', 'a', 'a', 'a', 'a']);
  expect((await all(replicaSets)).length).toBe(2);
  expect((await client.get(deployments, 'web', options)).metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  expect((await all(events)).some((e) => e.reason === 'ScalingReplicaSet')).toBe(true);
  await client.delete(deployments, 'web', { ...options, delete: { propagationPolicy: 'Foreground' } });
  await live(10);
  expect([(await all(deployments)).length, (await all(replicaSets)).length, (await all(pods)).length]).toEqual([0, 0, 0]);
  expect(warnings).toEqual([]);
});

test('on the real server orphaned replica sets live on, and a deleted namespace takes everything with it', async () => {
  const { client, signal, live, all, warnings } = await start();
  await client.create(deployments, web('a', 2), { namespace: 'n', signal });
  await live(4);
  await client.delete(deployments, 'web', { namespace: 'n', delete: { propagationPolicy: 'Orphan' }, signal });
  await live(3);
  expect([(await all(deployments)).length, (await all(replicaSets)).length, (await all(pods)).length]).toEqual([0, 1, 2]);
  await client.delete(namespaces, 'n', { signal });
  await live(8);
  expect((await client.list(namespaces, { signal })).items).toEqual([]);
  expect([(await all(replicaSets)).length, (await all(pods)).length, (await all(configMaps)).length]).toEqual([0, 0, 0]);
  expect(warnings).toEqual([]);
});

const database: StatefulSet = {
  metadata: { name: 'db' },
  spec: {
    replicas: 2,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    volumeClaimTemplates: [
      { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    ],
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Delete' },
  },
};
const guard: PodDisruptionBudget = {
  metadata: { name: 'guard' },
  spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'db' } } },
};

test('an idle cluster is left alone: no controller writes when nothing changes', async () => {
  const { client, signal, live, all, heartbeats } = await start();
  await client.create(deployments, web('a', 2), { namespace: 'n', signal });
  await client.create(statefulSets, database, { namespace: 'n', signal });
  await client.create(podDisruptionBudgets, guard, { namespace: 'n', signal });
  await live(5);
  const set = await client.get(statefulSets, 'db', { namespace: 'n', signal });
  expect(set.status).toMatchObject({ readyReplicas: 2, updatedReplicas: 2, currentRevision: set.status?.updateRevision });
  expect((await all(persistentVolumeClaims)).map((c) => c.metadata?.name)).toEqual(['data-db-0', 'data-db-1']);
  const { status } = await client.get(podDisruptionBudgets, 'guard', { namespace: 'n', signal });
  expect(status).toMatchObject({ expectedPods: 2, currentHealthy: 2, disruptionsAllowed: 1 });
  // The node's heartbeats are all that is written.
  const writes = async () => Number((await client.list(deployments, { signal })).metadata.resourceVersion) - heartbeats();
  const before = await writes();
  await live(30);
  expect(await writes()).toBe(before);
});

test('controllers and informers settle when stopped', async () => {
  const { runs } = await start();
  stop.abort();
  await runs;
});

test('custom kinds that come while controllers run are collected with their owners, own others, and go with their namespace', async () => {
  const { core, client, signal, live, all, warnings } = await start();
  const options = { namespace: 'n', signal };
  await client.create(customResourceDefinitions, cronTabs(), { signal });
  await live(1);
  const CRON_TAB = { apiVersion: 'stable.example.com/v1', kind: 'CronTab' };
  const cronTabKind = core.definitions.byId('crontabs.stable.example.com');
  if (!cronTabKind) throw new Error('the kind is not served');
  const spec = { image: 'i' };
  const owner = await client.create(configMaps, { metadata: { name: 'owner' } }, options);
  const ownedBy = (kind: string, apiVersion: string, of: { metadata?: { name?: string; uid?: string } }) => [
    { apiVersion, kind, name: of.metadata?.name ?? '', uid: of.metadata?.uid ?? '' },
  ];
  const first = { metadata: { name: 'owned', ownerReferences: ownedBy('ConfigMap', 'v1', owner) }, spec };
  const owned = await client.create(cronTabKind, { ...CRON_TAB, ...first }, options);
  const below = { metadata: { name: 'below', ownerReferences: ownedBy('CronTab', 'stable.example.com/v1', owned) } };
  await client.create(configMaps, below, options);
  await live(2);
  expect(await all(cronTabKind)).toHaveLength(1);
  await client.delete(configMaps, 'owner', options);
  await live(3);
  expect(await all(cronTabKind)).toEqual([]);
  expect((await all(configMaps)).map((c) => c.metadata?.name)).not.toContain('below');
  await client.create(cronTabKind, { ...CRON_TAB, metadata: { name: 'last' }, spec } as KubeObject, options);
  await client.delete(namespaces, 'n', { signal });
  await live(5);
  expect(await all(cronTabKind)).toEqual([]);
  await expect(client.get(namespaces, 'n', { signal })).rejects.toMatchObject({ code: 404 });
  await client.delete(customResourceDefinitions, 'crontabs.stable.example.com', { signal });
  await live(3);
  expect(core.definitions.byId('crontabs.stable.example.com')).toBeUndefined();
  expect(warnings).toEqual([]);
});

test('jobs that succeed, fail and are started by a schedule end in statuses that the server takes', async () => {
  const { client, signal, live, all, warnings } = await start();
  const template = (fate: string) => ({
    metadata: { labels: { fate } },
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] },
  });
  const make = (name: string, fate: string, more: object) =>
    client.create(jobs, { metadata: { name, namespace: 'n' }, spec: { template: template(fate), ...more } }, { namespace: 'n', signal });
  await make('many', 'Succeeded', { completions: 3, parallelism: 2 });
  await make('numbered', 'Succeeded', { completions: 3, parallelism: 3, completionMode: 'Indexed' });
  await make('failing', 'Failed', { backoffLimit: 0 });
  await make('lost', 'Failed', { completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 0 });
  const spec = { schedule: '* * * * *', jobTemplate: { spec: { template: template('Succeeded') } } };
  await client.create(cronJobs, { metadata: { name: 'minutely', namespace: 'n' }, spec }, { namespace: 'n', signal });
  await live(75);
  const found = new Map((await all<Job>(jobs)).map((job) => [job.metadata?.name ?? '', job.status]));
  const terminal = (name: string) => found.get(name)?.conditions?.at(-1);
  expect([terminal('many')?.type, found.get('many')?.succeeded]).toEqual(['Complete', 3]);
  expect([terminal('numbered')?.type, found.get('numbered')?.completedIndexes]).toEqual(['Complete', '0-2']);
  expect([terminal('failing')?.reason, found.get('failing')?.failed]).toEqual(['BackoffLimitExceeded', 1]);
  expect([terminal('lost')?.reason, found.get('lost')?.failedIndexes]).toEqual(['FailedIndexes', '0,1']);
  const [cron] = await all<CronJob>(cronJobs);
  expect(cron?.status?.lastSuccessfulTime).toBeDefined();
  expect([...found].filter(([name, status]) => name.startsWith('minutely-') && status?.succeeded === 1).length).toBe(1);
  expect(warnings).toEqual([]);
});

test('on the real server a claim gets a volume, whose data is kept when the claim is deleted and its volume freed by hand', async () => {
  const { client, signal, live, warnings } = await start();
  const options = { namespace: 'n', signal };
  const shared = { accessModes: ['ReadWriteOnce'], storageClassName: 's' };
  const spec = { ...shared, capacity: { storage: '1Gi' }, hostPath: { path: '/data' } };
  await client.create(persistentVolumes, { metadata: { name: 'v' }, spec }, { signal });
  const claim = () => client.create(persistentVolumeClaims, { metadata: { name: 'c' }, spec: { ...shared, resources } }, options);
  const resources = { requests: { storage: '1Gi' } };
  await claim();
  await live(1);
  const phases = async () => [
    (await client.get(persistentVolumes, 'v', { signal })).status?.phase,
    (await client.list(persistentVolumeClaims, options)).items[0]?.status?.phase,
  ];
  expect(await phases()).toEqual(['Bound', 'Bound']);
  await client.delete(persistentVolumeClaims, 'c', options);
  await live(1);
  expect(await phases()).toEqual(['Released', undefined]);
  await claim();
  await live(1);
  expect(await phases()).toEqual(['Released', 'Pending']);
  await client.patch(persistentVolumes, 'v', 'merge', { spec: { claimRef: null } }, { signal });
  await live(1);
  expect(await phases()).toEqual(['Bound', 'Bound']);
  expect(warnings).toEqual([]);
});

test('on the real server a pod gets a resource claim of its own, which is freed and goes with the pod', async () => {
  const { client, clock, signal, live, all, warnings } = await start();
  const options = { namespace: 'n', signal };
  const devices = { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu' } }] };
  await client.create(resourceClaimTemplates, { metadata: { name: 't' }, spec: { spec: { devices } } }, options);
  const containers = [{ name: 'c', image: 'a' }];
  const wants = { containers, resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 't' }] };
  const pod = await client.create(pods, { metadata: { name: 'p' }, spec: wants }, options);
  await live(1);
  const [claim] = await all(resourceClaims);
  const name = claim?.metadata?.name ?? '';
  expect((await client.get(pods, 'p', options)).status?.resourceClaimStatuses).toEqual([{ name: 'gpu', resourceClaimName: name }]);
  const finalizers = ['resource.kubernetes.io/delete-protection'];
  await client.patch(resourceClaims, name, 'merge', { metadata: { finalizers } }, options);
  const results = [{ request: 'r', driver: 'gpu.example', pool: 'n', device: 'g0' }];
  const reservedFor = [{ resource: 'pods', name: 'p', uid: pod.metadata?.uid }];
  const status = { allocation: { devices: { results } }, reservedFor };
  await client.patch(resourceClaims, name, 'merge', { status }, { ...options, subresource: 'status' });
  await live(2);
  expect((await client.get(resourceClaims, name, options)).status?.reservedFor).toEqual(reservedFor);
  await client.patch(pods, 'p', 'merge', { status: { phase: 'Succeeded' } }, { ...options, subresource: 'status' });
  await clock.advance(500);
  expect(await all(resourceClaims)).toEqual([]);
  expect(warnings).toEqual([]);
});
