import { describe, expect, test } from 'vitest';
import type { Deployment, PersistentVolumeClaim, Pod, ResourceQuota } from '../../src/api/schema/generated/types.ts';
import { kubectl } from './support/kubectl.ts';
import { configMap, container, deployment, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

/** Pods that no node takes: they are there without being run. */
const idle = { nodeSelector: { 'no/such': 'node' } };
const asking = (name: string, requests: Record<string, string>, limits?: Record<string, string>) =>
  pod(name, { ...idle, containers: [container(SLEEP, { resources: { requests, limits } })] });
const v1 = (kind: string, name: string, spec: object) => ({ apiVersion: 'v1', kind, metadata: { name }, spec });

describe('a LimitRange', () => {
  const ns = testNamespace('limits');
  const apply = (...objects: object[]) =>
    ns.with({ input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), mayFail: true }, 'apply', '-f', '-');

  test('fills in what pods do not say, and refuses what is out of bounds', async () => {
    const limits = [
      { type: 'Container', default: { cpu: '500m' }, defaultRequest: { cpu: '100m' }, max: { cpu: '1' }, min: { cpu: '50m' } },
    ];
    await ns.apply(v1('LimitRange', 'bounds', { limits }));
    await ns.apply(pod('silent', idle));
    const { spec, metadata } = await ns.json<Pod>('get', 'pod', 'silent');
    expect(spec?.containers[0]?.resources).toEqual({ limits: { cpu: '500m' }, requests: { cpu: '100m' } });
    expect(metadata?.annotations?.['kubernetes.io/limit-ranger']).toBe(
      'LimitRanger plugin set: cpu request for container main; cpu limit for container main',
    );
    const { exitCode, stderr } = await apply(asking('greedy', { cpu: '1' }, { cpu: '2' }));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('pods "greedy" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
    expect(await ns.run('describe', 'limitrange', 'bounds')).toMatch(/Container\s+cpu\s+50m\s+1\s+100m\s+500m\s+-/);
  });

  test('completes what pods say in part, holds to new bounds at once, and to none when it is gone', async () => {
    const amounts = (cpu: string, memory: string) => ({ cpu, memory });
    const bounds = (min: object) => ({
      limits: [
        {
          type: 'Container',
          min,
          max: amounts('500m', '500Mi'),
          default: amounts('500m', '500Mi'),
          defaultRequest: amounts('100m', '200Mi'),
        },
      ],
    });
    await ns.run('delete', 'limitrange', 'bounds');
    await ns.apply(v1('LimitRange', 'bounds', bounds(amounts('50m', '100Mi'))));
    await ns.apply(asking('partial', { memory: '150Mi' }, { cpu: '300m' }));
    const { spec } = await ns.json<Pod>('get', 'pod', 'partial');
    // A limit without a request is the request; the default request is for containers that say neither.
    expect(spec?.containers[0]?.resources).toEqual({ requests: amounts('300m', '150Mi'), limits: amounts('300m', '500Mi') });
    const small = asking('small', amounts('10m', '50Mi'));
    const large = asking('large', amounts('600m', '600Mi'));
    expect((await apply(small)).stderr).toContain('minimum cpu usage per Container is 50m, but request is 10m');
    expect((await apply(large)).exitCode).toBe(1);
    await ns.apply(v1('LimitRange', 'bounds', bounds(amounts('9m', '49Mi'))));
    expect((await apply(small)).exitCode).toBe(0);
    expect((await apply(large)).exitCode).toBe(1);
    await ns.run('delete', 'limitrange', 'bounds');
    expect((await apply(large)).exitCode).toBe(0);
  });
});

describe('a ResourceQuota', () => {
  const ns = testNamespace('quota');
  const used = async (name: string) => (await ns.json<ResourceQuota>('get', 'quota', name)).status?.used;

  test('lets through what fits, tells what is used, and has room again after deletions', async () => {
    await ns.run('create', 'quota', 'few', '--hard=pods=2,requests.cpu=1,count/configmaps=9');
    await eventually('the status is there', async () => expect(await used('few')).toMatchObject({ pods: '0', 'requests.cpu': '0' }));
    await ns.apply(asking('a', { cpu: '400m' }), asking('b', { cpu: '500m' }));
    await eventually('both are counted', async () => expect(await used('few')).toMatchObject({ pods: '2', 'requests.cpu': '900m' }));
    const input = JSON.stringify(asking('c', { cpu: '200m' }));
    const refused = await ns.with({ input, mayFail: true }, 'create', '-f', '-');
    expect(refused.stderr).toContain(
      'pods "c" is forbidden: exceeded quota: few, requested: pods=1,requests.cpu=200m, used: pods=2,requests.cpu=900m, limited: pods=2,requests.cpu=1',
    );
    const silent = await ns.with({ input: JSON.stringify(pod('d', idle)), mayFail: true }, 'create', '-f', '-');
    expect(silent.stderr).toContain('failed quota: few: must specify requests.cpu for: main');
    await ns.run('delete', 'pod', 'a', '--wait=false');
    await eventually('one is left', async () => expect(await used('few')).toMatchObject({ pods: '1', 'requests.cpu': '500m' }));
    await ns.with({ input }, 'create', '-f', '-');
    expect(await ns.run('get', 'quota', 'few')).toMatch(/few\s+.*pods: 2\/2, requests.cpu: 700m\/1/);
  });

  test('holds back the pods of a Deployment until it is raised', async () => {
    await ns.run('delete', 'pods', '--all', '--wait=false');
    await ns.run('delete', 'quota', 'few');
    await ns.run('create', 'quota', 'two', '--hard=pods=2');
    await eventually('the old pods are gone', async () => expect((await used('two'))?.pods).toBe('0'));
    await ns.apply(deployment('web', 5, idle));
    const replicas = async () => (await ns.json<Deployment>('get', 'deployment', 'web')).status;
    await eventually('two are made', async () => expect(await replicas()).toMatchObject({ replicas: 2 }));
    expect(await ns.run('get', 'events')).toContain('exceeded quota: two');
    await ns.run('patch', 'quota', 'two', '-p', '{"spec":{"hard":{"pods":"5"}}}');
    await eventually('all are made', async () => expect(await replicas()).toMatchObject({ replicas: 5 }), 60_000);
  });

  test('counts any kind, also when many are made at once', async () => {
    await ns.run('create', 'quota', 'maps', '--hard=count/configmaps=11');
    const names = Array.from({ length: 20 }, (_, i) => `m-${i}`);
    const outcomes = await Promise.all(
      names.map((name) => ns.with({ input: JSON.stringify(configMap(name, {})), mayFail: true }, 'create', '-f', '-')),
    );
    // kube-root-ca.crt is the first.
    expect(outcomes.filter(({ exitCode }) => exitCode === 0)).toHaveLength(10);
  });
});

describe('the Pod Security Standards', () => {
  const ns = testNamespace('security');
  const label = (...labels: string[]) =>
    ns.with({}, 'label', '--overwrite', 'namespace', ns.namespace, ...labels.map((text) => `pod-security.kubernetes.io/${text}`));
  const create = (object: object) => ns.with({ input: JSON.stringify(object), mayFail: true }, 'create', '-f', '-');
  const onHost = (name: string) => pod(name, { ...idle, hostNetwork: true });

  test('refuse pods where the namespace enforces them, and warn where it warns', async () => {
    await label('warn=baseline');
    const warned = await create(onHost('warned'));
    expect([warned.exitCode, warned.stderr]).toEqual([
      0,
      'Warning: would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)\n',
    ]);
    const tightened = await label('enforce=restricted');
    expect(tightened.stderr).toContain(
      'Warning: existing pods in namespace "e2e-security" violate the new PodSecurity enforce level "restricted:latest"',
    );
    expect(tightened.stderr).toContain('Warning: warned: host namespaces, ');
    const refused = await create(pod('refused', idle));
    expect(refused.stderr).toBe(
      'Error from server (Forbidden): error when creating "STDIN": pods "refused" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")\n',
    );
    const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
    const spec = {
      ...idle,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container(SLEEP, { securityContext })],
    };
    expect((await create(pod('hardened', spec))).exitCode).toBe(0);
  });

  test('warn of Deployments, which are made all the same', async () => {
    const { exitCode, stderr } = await create(deployment('web', 0, { hostNetwork: true }));
    expect(exitCode).toBe(0);
    expect(stderr).toContain('Warning: would violate PodSecurity "baseline:latest": host namespaces (hostNetwork=true)');
  });

  test('are labels that mean something', async () => {
    const { stderr } = await kubectl(['label', 'namespace', ns.namespace, '--overwrite', 'pod-security.kubernetes.io/enforce=strict'], {
      mayFail: true,
    });
    expect(stderr).toContain('Invalid value: "strict": must be one of privileged, baseline, restricted');
  });
});

describe('claims', () => {
  const ns = testNamespace('claims');
  test('are held while they may be in use, and go when they are not', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
    await ns.apply(v1('PersistentVolumeClaim', 'data', spec));
    const claim = await ns.json<PersistentVolumeClaim>('get', 'pvc', 'data');
    expect(claim.metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    await ns.run('delete', 'pvc', 'data', '--timeout=30s');
  });
});
