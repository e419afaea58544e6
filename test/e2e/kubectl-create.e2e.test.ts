import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  Ingress,
  Job,
  PodDisruptionBudget,
  ResourceQuota,
  Role,
  RoleBinding,
  Secret,
  Service,
} from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { configMap, IMAGE, pod } from './support/manifests.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('create');
const directory = mkdtempSync(join(tmpdir(), 'minik-create-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('create deployment makes a Deployment with defaults filled in', async () => {
  expect(await ns.run('create', 'deployment', 'web', `--image=${IMAGE}`, '--replicas=0', '--port=8080', '--', 'sleep', '60')).toBe(
    'deployment.apps/web created\n',
  );
  const { spec } = await ns.json<Deployment>('get', 'deployment', 'web');
  expect(spec).toMatchObject({
    replicas: 0,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    template: {
      spec: {
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        terminationGracePeriodSeconds: 30,
        containers: [{ command: ['sleep', '60'], imagePullPolicy: 'IfNotPresent', ports: [{ containerPort: 8080, protocol: 'TCP' }] }],
      },
    },
  });
});

test('create configmap takes literals and files, bytes kept as they are', async () => {
  writeFileSync(join(directory, 'text.conf'), 'a=1\nb=2\n');
  writeFileSync(join(directory, 'blob.bin'), Buffer.from([0, 255, 128, 10]));
  await ns.run(
    'create',
    'configmap',
    'settings',
    '--from-literal=key=value',
    `--from-file=${directory}/text.conf`,
    `--from-file=${directory}/blob.bin`,
  );
  expect(await ns.json<ConfigMap>('get', 'cm', 'settings')).toMatchObject({
    data: { key: 'value', 'text.conf': 'a=1\nb=2\n' },
    binaryData: { 'blob.bin': 'AP+ACg==' },
  });
});

test('create secret makes generic, TLS and registry secrets', async () => {
  await ns.run('create', 'secret', 'generic', 'plain', '--from-literal=password=s3cret');
  await ns.run('create', 'secret', 'docker-registry', 'pull', '--docker-username=u', '--docker-password=p', '--docker-server=r.example');
  expect(await ns.json<Secret>('get', 'secret', 'plain')).toMatchObject({ type: 'Opaque', data: { password: 'czNjcmV0' } });
  expect((await ns.json<Secret>('get', 'secret', 'pull')).type).toBe('kubernetes.io/dockerconfigjson');
  const { stderr } = await ns.with(
    { mayFail: true, input: JSON.stringify({ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'bad' } }) },
    'create',
    '-f',
    '-',
  );
  expect(stderr).toContain('data[tls.crt]: Required value');
});

test('create service makes every type, and addresses and node ports are given out', async () => {
  await ns.run('create', 'service', 'clusterip', 'inner', '--tcp=80:8080');
  await ns.run('create', 'service', 'nodeport', 'outer', '--tcp=80:8080');
  await ns.run('create', 'service', 'externalname', 'alias', '--external-name=example.com');
  await ns.run('create', 'service', 'loadbalancer', 'lb', '--tcp=80:8080');
  const inner = await ns.json<Service>('get', 'service', 'inner');
  expect(inner.spec?.clusterIP).toMatch(/^10\.43\.\d+\.\d+$/);
  expect(inner.spec).toMatchObject({ type: 'ClusterIP', sessionAffinity: 'None', ipFamilies: ['IPv4'], internalTrafficPolicy: 'Cluster' });
  const port = (await ns.json<Service>('get', 'service', 'outer')).spec?.ports?.[0]?.nodePort ?? 0;
  expect(port).toBeGreaterThanOrEqual(30000);
  expect(port).toBeLessThanOrEqual(32767);
  expect((await ns.json<Service>('get', 'service', 'alias')).spec?.clusterIP).toBeUndefined();
  expect(await ns.run('get', 'services')).toMatch(/^outer\s+NodePort\s+10\.43\.\S+\s+<none>\s+80:\d+\/TCP\s/m);
});

test('create role, rolebinding, serviceaccount and token fit together', async () => {
  await ns.run('create', 'serviceaccount', 'robot');
  await ns.run('create', 'role', 'reader', '--verb=get,list', '--resource=pods,deployments.apps', '--resource-name=x');
  await ns.run('create', 'rolebinding', 'robot-reads', '--role=reader', `--serviceaccount=${ns.namespace}:robot`);
  expect((await ns.json<Role>('get', 'role', 'reader')).rules).toEqual([
    { apiGroups: [''], resources: ['pods'], resourceNames: ['x'], verbs: ['get', 'list'] },
    { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['x'], verbs: ['get', 'list'] },
  ]);
  expect((await ns.json<RoleBinding>('get', 'rolebinding', 'robot-reads')).subjects).toEqual([
    { kind: 'ServiceAccount', name: 'robot', namespace: ns.namespace },
  ]);
  const token = (await ns.run('create', 'token', 'robot', '--duration=10m')).trim();
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({ sub: `system:serviceaccount:${ns.namespace}:robot`, 'kubernetes.io': { namespace: ns.namespace } });
  expect(claims.exp - claims.iat).toBe(600);
});

test('create clusterrole and clusterrolebinding are not in a namespace', async () => {
  try {
    await kubectl(['create', 'clusterrole', 'e2e-create', '--verb=get', '--non-resource-url=/metrics']);
    await kubectl(['create', 'clusterrolebinding', 'e2e-create', '--clusterrole=e2e-create', '--group=e2e']);
    expect((await kubectl(['get', 'clusterrolebinding', 'e2e-create', '-o', 'wide'])).stdout).toMatch(
      /ClusterRole\/e2e-create\s+\S+\s+e2e/,
    );
  } finally {
    await kubectl(['delete', 'clusterrole/e2e-create', 'clusterrolebinding/e2e-create', '--ignore-not-found']);
  }
});

test('create quota, poddisruptionbudget, priorityclass, ingress, job and cronjob keep what was said', async () => {
  await ns.run('create', 'quota', 'limits', '--hard=count/widgets.example.com=3,cpu=1000');
  await ns.run('create', 'poddisruptionbudget', 'budget', '--selector=app=web', '--min-available=50%');
  await ns.run('create', 'ingress', 'entry', '--rule=foo.example/bar*=inner:80,tls=my-cert');
  await ns.run('create', 'cronjob', 'nightly', `--image=${IMAGE}`, '--schedule=0 3 * * *', '--', 'true');
  await ns.run('create', 'job', 'once', '--from=cronjob/nightly', '--dry-run=server');
  expect((await ns.json<ResourceQuota>('get', 'quota', 'limits')).spec?.hard).toMatchObject({ cpu: '1k' });
  // From here on pods would have to say what they ask for.
  await ns.run('delete', 'quota', 'limits');
  expect((await ns.json<PodDisruptionBudget>('get', 'pdb', 'budget')).spec).toMatchObject({ minAvailable: '50%' });
  expect((await ns.json<Ingress>('get', 'ingress', 'entry')).spec?.rules?.[0]?.http?.paths?.[0]).toMatchObject({
    pathType: 'Prefix',
    path: '/bar',
  });
  expect((await ns.json<CronJob>('get', 'cronjob', 'nightly')).spec).toMatchObject({
    schedule: '0 3 * * *',
    concurrencyPolicy: 'Allow',
    suspend: false,
  });
  expect((await ns.fails('get', 'job', 'once')).stderr).toContain('not found');
  const job = JSON.parse(await ns.run('create', 'job', 'seen', `--image=${IMAGE}`, '--dry-run=server', '-o', 'json')) as Job;
  expect(job.spec).toMatchObject({ backoffLimit: 6, completions: 1, parallelism: 1 });
});

test('create -f refuses what exists, what is invalid and what is unknown, in upstream words', async () => {
  const create = (object: object, ...flags: string[]) =>
    ns.with({ mayFail: true, input: JSON.stringify(object) }, 'create', '-f', '-', ...flags);
  await create(configMap('twice', {}));
  expect((await create(configMap('twice', {}))).stderr).toContain('Error from server (AlreadyExists)');
  expect((await create(configMap('Bad_Name', {}))).stderr).toContain('a lowercase RFC 1123 subdomain must consist of');
  expect((await create(pod('empty', { containers: [] }))).stderr).toMatch(/is invalid: spec\.containers: Required value/);
  const unknown = pod('unknown', { containers: [{ name: 'a', image: IMAGE, imagee: 'x' } as never] });
  expect((await create(unknown)).stderr).toContain('unknown field "spec.containers[0].imagee"');
  expect((await create(unknown, '--validate=warn', '--dry-run=server')).stderr).toContain(
    'Warning: unknown field "spec.containers[0].imagee"',
  );
  expect((await create(unknown, '--validate=ignore', '--dry-run=server')).exitCode).toBe(0);
});

test('generateName gives each its own name', async () => {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } });
  const names = await Promise.all([1, 2, 3].map(async () => (await ns.with({ input }, 'create', '-f', '-', '-o', 'name')).stdout));
  for (const name of names) expect(name).toMatch(/^configmap\/gen-[a-z0-9]{5}\n$/);
  expect(new Set(names).size).toBe(3);
});

test('--dry-run=server checks and fills in, and stores nothing', async () => {
  const input = JSON.stringify(pod('dry'));
  const { stdout } = await ns.with({ input }, 'create', '-f', '-', '--dry-run=server', '-o', 'yaml');
  expect(stdout).toContain('schedulerName: default-scheduler');
  expect((await ns.fails('get', 'pod', 'dry')).stderr).toContain('not found');
});
