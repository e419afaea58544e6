import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Pod, PodSpec, ResourceV1ResourceClaim as ResourceClaim, ResourceSlice } from '../../src/api/schema/generated/types.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { container, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-devices-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
let dev: ChildProcess;
let exited: Promise<number | null>;

const RESOURCE_API = 'resource.k8s.io/v1';
const DRIVER = 'gpu.example.com';

/** What a driver would publish: the devices of one node, by their memory. */
const slice = (nodeName: string, devices: Record<string, string>): ResourceSlice => ({
  apiVersion: RESOURCE_API,
  kind: 'ResourceSlice',
  metadata: { name: `${nodeName}-gpus` },
  spec: {
    driver: DRIVER,
    nodeName,
    pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
    devices: Object.entries(devices).map(([name, memory]) => ({
      name,
      attributes: { model: { string: 'A1' } },
      capacity: { memory: { value: memory } },
    })),
  },
});

const atLeast = (memory: string) => ({
  devices: {
    requests: [
      {
        name: 'gpu',
        exactly: {
          deviceClassName: 'gpu',
          selectors: [{ cel: { expression: `device.capacity['${DRIVER}'].memory.compareTo(quantity('${memory}')) >= 0` } }],
        },
      },
    ],
  },
});
const claim = (name: string, memory: string) => ({
  apiVersion: RESOURCE_API,
  kind: 'ResourceClaim',
  metadata: { name },
  spec: atLeast(memory),
});

const withClaim = (source: { resourceClaimName?: string; resourceClaimTemplateName?: string }): Partial<PodSpec> => ({
  containers: [container(SLEEP, { resources: { claims: [{ name: 'gpu' }] } })],
  resourceClaims: [{ name: 'gpu', ...source }],
});

/** Two fake nodes: one with a small and a large device, one with a small one. */
beforeAll(async () => {
  const args = ['dev', '--data-dir', directory, '--https-listen-port', '7446', '--nodes', '2'];
  dev = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => dev.once('exit', resolve));
  const isReady = async () => existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok';
  await eventually('it is ready', isReady);
  await eventually('its nodes are', async () => ((await ns.run('get', 'nodes')).match(/\sReady\s/g) ?? []).length === 2);
  const selectors = [{ cel: { expression: `device.driver == '${DRIVER}' && device.attributes['${DRIVER}'].model == 'A1'` } }];
  const deviceClass = { apiVersion: RESOURCE_API, kind: 'DeviceClass', metadata: { name: 'gpu' }, spec: { selectors } };
  await ns.apply(deviceClass, slice('fake-0', { small: '8Gi', large: '80Gi' }), slice('fake-1', { small: '8Gi' }));
});
afterEach(() => ns.run('delete', 'pods,resourceclaims,resourceclaimtemplates', '--all', '--grace-period=0', '--force', '--timeout=60s'));
afterAll(async () => {
  dev.kill('SIGKILL');
  await exited;
  rmSync(directory, { recursive: true, force: true });
});

const scheduled = ({ status }: Pod) => status?.conditions?.find(({ type }) => type === 'PodScheduled');
const resultsOf = ({ status }: ResourceClaim) =>
  status?.allocation?.devices?.results?.map(({ driver, pool, device }) => `${driver}/${pool}/${device}`) ?? [];

test('a pod goes where a device is that its claim may have, and the claim says which one and whose it is', async () => {
  await ns.apply(claim('big', '40Gi'), pod('user', withClaim({ resourceClaimName: 'big' })));
  const { spec, metadata } = await ns.podReady('user');
  expect(spec?.nodeName).toBe('fake-0');
  const found = await ns.json<ResourceClaim>('get', 'resourceclaim', 'big');
  expect(resultsOf(found)).toEqual([`${DRIVER}/fake-0/large`]);
  expect(found.status?.reservedFor).toEqual([{ resource: 'pods', name: 'user', uid: metadata?.uid }]);
  expect(await ns.run('get', 'resourceclaim', 'big', '--no-headers')).toMatch(/^big\s+allocated,reserved\s/);
});

test('pods of one claim share its device; a claim that nobody uses gives it back', async () => {
  await ns.apply(
    claim('shared', '40Gi'),
    pod('one', withClaim({ resourceClaimName: 'shared' })),
    pod('two', withClaim({ resourceClaimName: 'shared' })),
  );
  await ns.podReady('one');
  await ns.podReady('two');
  expect((await ns.json<ResourceClaim>('get', 'resourceclaim', 'shared')).status?.reservedFor).toHaveLength(2);
  await ns.apply(claim('next', '40Gi'), pod('three', withClaim({ resourceClaimName: 'next' })));
  await ns.until<Pod>('the next one waits', 'pod/three', (p) => scheduled(p)?.reason === 'Unschedulable');
  await ns.run('delete', 'pod', 'one', 'two', '--timeout=30s');
  await ns.podReady('three');
  expect((await ns.json<ResourceClaim>('get', 'resourceclaim', 'shared')).status?.allocation).toBeUndefined();
  expect(resultsOf(await ns.json<ResourceClaim>('get', 'resourceclaim', 'next'))).toEqual([`${DRIVER}/fake-0/large`]);
});

test('a claim is made for each pod of a template, and goes with it', async () => {
  const template = { apiVersion: RESOURCE_API, kind: 'ResourceClaimTemplate', metadata: { name: 'small' }, spec: { spec: atLeast('1Gi') } };
  await ns.apply(template, ...['a', 'b', 'c'].map((name) => pod(name, withClaim({ resourceClaimTemplateName: 'small' }))));
  const claims: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const { status } = await ns.podReady(name);
    const made = status?.resourceClaimStatuses?.[0]?.resourceClaimName ?? '';
    expect(made).toMatch(new RegExp(`^${name}-gpu-`));
    claims.push(...resultsOf(await ns.json<ResourceClaim>('get', 'resourceclaim', made)));
  }
  expect(claims.toSorted()).toEqual([`${DRIVER}/fake-0/large`, `${DRIVER}/fake-0/small`, `${DRIVER}/fake-1/small`]);
  await ns.apply(pod('d', withClaim({ resourceClaimTemplateName: 'small' })));
  const refused = await ns.until<Pod>('the fourth waits', 'pod/d', (p) => scheduled(p)?.reason === 'Unschedulable');
  expect(scheduled(refused)?.message).toContain('0/2 nodes are available: 2 cannot allocate all claims.');
  await ns.run('delete', 'pod', 'b', '--timeout=30s');
  await ns.podReady('d');
  await ns.run('delete', 'pods', 'a', 'c', 'd', '--timeout=30s');
  await eventually('the claims are gone', async () => (await ns.run('get', 'resourceclaims', '--no-headers', '--ignore-not-found')) === '');
});

test('a container gets devices by asking for the extended resource that their class stands for, and a quota counts them', async () => {
  const resource = 'example.com/gpu';
  const selectors = [{ cel: { expression: `device.driver == '${DRIVER}'` } }];
  const deviceClass = { apiVersion: RESOURCE_API, kind: 'DeviceClass', metadata: { name: 'by-resource' } };
  const hard = { [`requests.${resource}`]: '4' };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'devices' }, spec: { hard } };
  const asking = (count: number) => ({ containers: [container(SLEEP, { resources: { limits: { [resource]: `${count}` } } })] });
  await ns.apply(quota, pod('both', asking(2)));
  await ns.until<Pod>('nobody stands for it', 'pod/both', (p) => scheduled(p)?.message?.includes(`2 Insufficient ${resource}`));
  await ns.apply({ ...deviceClass, spec: { selectors, extendedResourceName: resource } });
  const { spec, status, metadata } = await ns.podReady('both');
  expect(spec?.nodeName).toBe('fake-0');
  const { resourceClaimName, requestMappings } = status?.extendedResourceClaimStatus ?? {};
  expect(requestMappings).toEqual([{ containerName: 'main', resourceName: resource, requestName: 'container-0-request-0' }]);
  const made = await ns.json<ResourceClaim>('get', 'resourceclaim', resourceClaimName ?? '');
  expect(resultsOf(made).toSorted()).toEqual([`${DRIVER}/fake-0/large`, `${DRIVER}/fake-0/small`]);
  expect(made.status?.reservedFor).toEqual([{ resource: 'pods', name: 'both', uid: metadata?.uid }]);
  await ns.apply(pod('next', asking(2)));
  await ns.until<Pod>('the next one waits', 'pod/next', (p) => scheduled(p)?.message?.includes('2 cannot allocate all claims'));
  const third = await ns.with({ input: JSON.stringify(pod('third', asking(1))), mayFail: true }, 'apply', '-f', '-');
  expect(third.stderr).toContain(`exceeded quota: devices, requested: requests.${resource}=1, used: requests.${resource}=4`);
  await ns.run('delete', 'pod', 'both', '--timeout=30s');
  await ns.podReady('next');
  await ns.run('delete', 'pod', 'next', '--timeout=30s');
  await eventually('the claims are gone', async () => (await ns.run('get', 'resourceclaims', '--no-headers', '--ignore-not-found')) === '');
  await ns.run('delete', 'quota/devices', 'deviceclass/by-resource');
});

test('a pod waits for a claim that is not there, and for a device that is published later', async () => {
  await ns.apply(pod('early', withClaim({ resourceClaimName: 'later' })));
  await ns.apply(claim('later', '100Gi'));
  await ns.until<Pod>('it waits for a device', 'pod/early', (p) => scheduled(p)?.message?.includes('2 cannot allocate all claims'));
  await ns.apply(slice('fake-1', { small: '8Gi', huge: '200Gi' }));
  expect((await ns.podReady('early')).spec?.nodeName).toBe('fake-1');
  expect(await ns.run('describe', 'pod', 'early')).toMatch(/FailedScheduling[\s\S]*Successfully assigned default\/early to fake-1/);
});
