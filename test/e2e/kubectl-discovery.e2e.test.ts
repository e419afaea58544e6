import { expect, test } from 'vitest';
import { kubectl } from './support/kubectl.ts';

const run = async (...args: string[]) => (await kubectl(args)).stdout;

test('version tells the release of Kubernetes that is spoken', async () => {
  const version = JSON.parse(await run('version', '-o', 'json')) as { serverVersion: Record<string, string> };
  expect(version.serverVersion).toMatchObject({ major: '1', minor: '36', gitVersion: expect.stringMatching(/^v1\.36\.\d+/) });
});

test('readyz, livez and healthz list their checks', async () => {
  for (const path of ['/readyz', '/livez', '/healthz']) {
    expect(await run('get', '--raw', path)).toBe('ok');
    expect(await run('get', '--raw', `${path}?verbose`)).toMatch(/^\[\+\][\w/-]+ ok\n[\s\S]*check passed\n?$/);
  }
});

test('metrics are in the Prometheus text format and count requests', async () => {
  const metrics = await run('get', '--raw', '/metrics');
  expect(metrics).toMatch(/^# TYPE apiserver_request_total counter$/m);
  const count = /^apiserver_request_total\{[^}]*resource="namespaces"[^}]*\} (\d+)/m;
  await run('get', 'namespace', 'default');
  const before = Number(count.exec(await run('get', '--raw', '/metrics'))?.[1]);
  expect(before).toBeGreaterThan(0);
});

test('api-resources lists short names, groups, scope and verbs', async () => {
  const table = await run('api-resources');
  expect(table).toMatch(/^pods\s+po\s+v1\s+true\s+Pod$/m);
  expect(table).toMatch(/^nodes\s+no\s+v1\s+false\s+Node$/m);
  expect(table).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m);
  expect(table).toMatch(/^poddisruptionbudgets\s+pdb\s+policy\/v1\s+true\s+PodDisruptionBudget$/m);
  expect((await run('api-resources', '--api-group=rbac.authorization.k8s.io', '-o', 'name')).trim().split('\n')).toEqual([
    'clusterrolebindings.rbac.authorization.k8s.io',
    'clusterroles.rbac.authorization.k8s.io',
    'rolebindings.rbac.authorization.k8s.io',
    'roles.rbac.authorization.k8s.io',
  ]);
  expect(await run('api-resources', '--namespaced=false', '--verbs=list', '-o', 'wide')).toMatch(
    /^nodes\s.*\bcreate,delete,deletecollection,get,list,patch,update,watch\b/m,
  );
});

test('api-versions lists the groups of 1.36', async () => {
  const versions = (await run('api-versions')).trim().split('\n');
  expect(versions).toEqual(
    expect.arrayContaining(['v1', 'apps/v1', 'batch/v1', 'rbac.authorization.k8s.io/v1', 'networking.k8s.io/v1', 'policy/v1']),
  );
  expect(versions).toEqual([...versions].sort());
});

test('cluster-info says where the control plane is', async () => {
  expect(await run('cluster-info')).toMatch(/control plane is running at https:\/\/\S+:6443\n/);
});

test('explain describes kinds and fields, one level or all', async () => {
  const pod = await run('explain', 'pod');
  expect(pod).toMatch(/^KIND:\s+Pod\nVERSION:\s+v1\n/);
  expect(pod).toMatch(/^FIELDS:\n[\s\S]*\bspec\s+<PodSpec>\n\s+\S+/m);
  expect(await run('explain', 'deployments.spec.strategy.rollingUpdate.maxSurge')).toMatch(/maxSurge <IntOrString>/);
  expect(await run('explain', 'pod.spec.containers.imagePullPolicy')).toMatch(/FIELD: imagePullPolicy <string>\n[\s\S]*Image pull policy/);
  const all = await run('explain', 'cronjob', '--recursive');
  expect(all).toMatch(/jobTemplate\s+<JobTemplateSpec> -required-[\s\S]*containers\s+<\[\]Container> -required-/);
  expect((await kubectl(['explain', 'pod.spec.nope'], { mayFail: true })).stderr).toContain('field "nope" does not exist');
});

test('discovery and OpenAPI answer on their paths', async () => {
  const paths = JSON.parse(await run('get', '--raw', '/')) as { paths: string[] };
  expect(paths.paths).toEqual(expect.arrayContaining(['/api', '/api/v1', '/apis', '/apis/apps/v1', '/openapi/v2', '/version']));
  const v3 = JSON.parse(await run('get', '--raw', '/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> };
  expect(v3.paths['apis/apps/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1\?hash=/);
  const v2 = JSON.parse(await run('get', '--raw', '/openapi/v2')) as { swagger: string; definitions: Record<string, unknown> };
  expect(v2.swagger).toBe('2.0');
  expect(v2.definitions).toHaveProperty(['io.k8s.api.core.v1.Pod']);
});

test('an unknown path is a 404 with a Status', async () => {
  expect(await kubectl(['get', '--raw', '/apis/nope.example/v1'], { mayFail: true })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('the server could not find the requested resource'),
  });
});
