import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { expect, test } from 'vitest';
import { kubectl } from './support/kubectl.ts';
import { container, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('access');
const kubeconfig = () => readFileSync(process.env.MINIK_E2E_KUBECONFIG ?? '', 'utf8');
const serverOf = () => /server: (\S+)/.exec(kubeconfig())?.[1] ?? '';
const asToken = (token: string, ...args: string[]) =>
  kubectl(['--server', serverOf(), '--insecure-skip-tls-verify', '--token', token, '-n', ns.namespace, ...args], {
    mayFail: true,
    kubeconfig: '/dev/null',
  });

test('auth whoami names the administrator and the groups', async () => {
  const { status } = JSON.parse((await kubectl(['auth', 'whoami', '-o', 'json'])).stdout) as { status: { userInfo: { groups: string[] } } };
  expect(status.userInfo.groups).toEqual(expect.arrayContaining(['system:authenticated']));
});

test('auth can-i answers for oneself and for others', async () => {
  expect((await kubectl(['auth', 'can-i', '*', '*'])).stdout).toBe('yes\n');
  const robot = `system:serviceaccount:${ns.namespace}:default`;
  expect((await kubectl(['auth', 'can-i', 'get', 'pods', '--as', robot, '-n', ns.namespace], { mayFail: true })).stdout).toBe('no\n');
  await ns.run('create', 'rolebinding', 'view', '--clusterrole=view', `--serviceaccount=${ns.namespace}:default`);
  expect(await ns.run('auth', 'can-i', 'get', 'pods', '--as', robot)).toBe('yes\n');
  const list = await ns.run('auth', 'can-i', '--list', '--as', robot);
  expect(list).toMatch(/^pods\s+\[\]\s+\[\]\s+\[get list watch\]$/m);
  expect((await ns.fails('auth', 'can-i', 'get', 'secrets', '--as', robot)).stdout).toBe('no\n');
  await ns.run('delete', 'rolebinding', 'view');
});

test('a service account token is refused until a role is bound, and again when it is taken away', async () => {
  await ns.run('create', 'serviceaccount', 'robot');
  const token = (await ns.run('create', 'token', 'robot')).trim();
  const refused = await asToken(token, 'get', 'configmaps');
  expect(refused.stderr).toContain(
    `configmaps is forbidden: User "system:serviceaccount:${ns.namespace}:robot" cannot list resource "configmaps" in API group "" in the namespace "${ns.namespace}"`,
  );
  await ns.run('create', 'role', 'reader', '--verb=get,list', '--resource=configmaps');
  await ns.run('create', 'rolebinding', 'robot', '--role=reader', `--serviceaccount=${ns.namespace}:robot`);
  expect((await asToken(token, 'get', 'configmaps')).stdout).toContain('kube-root-ca.crt');
  expect((await asToken(token, 'delete', 'configmap', 'kube-root-ca.crt')).stderr).toContain('cannot delete resource "configmaps"');
  expect((await asToken(token, 'get', 'configmaps', '-A')).stderr).toContain('at the cluster scope');
  await ns.run('delete', 'rolebinding', 'robot');
  await eventually('it is refused', async () => (await asToken(token, 'get', 'configmaps')).exitCode !== 0);
});

test('a token ends with its service account', async () => {
  await ns.run('create', 'serviceaccount', 'brief');
  const token = (await ns.run('create', 'token', 'brief')).trim();
  expect((await asToken(token, 'auth', 'whoami')).stdout).toContain(`system:serviceaccount:${ns.namespace}:brief`);
  await ns.run('delete', 'serviceaccount', 'brief');
  await eventually('it is unauthorized', async () =>
    /Unauthorized|must be logged in/.test((await asToken(token, 'auth', 'whoami')).stderr),
  );
});

test('wrong tokens are unauthorized, and nobody reads without credentials', async () => {
  expect((await asToken('nonsense', 'get', 'pods')).stderr).toMatch(/must be logged in|Unauthorized/);
  const anonymous = await new Promise<string>((resolve, reject) => {
    const asked = get(`${serverOf()}/api/v1/pods`, { rejectUnauthorized: false }, (response) => {
      response.setEncoding('utf8').once('data', resolve);
    });
    asked.once('error', reject);
  });
  expect(anonymous).toContain('pods is forbidden: User \\"system:anonymous\\" cannot list resource \\"pods\\"');
});

test('nobody gives rights that they do not hold', async () => {
  await ns.run('create', 'serviceaccount', 'climber');
  await ns.run(
    'create',
    'role',
    'binder',
    '--verb=create',
    '--resource=roles.rbac.authorization.k8s.io,rolebindings.rbac.authorization.k8s.io',
  );
  await ns.run('create', 'rolebinding', 'climber', '--role=binder', `--serviceaccount=${ns.namespace}:climber`);
  const token = (await ns.run('create', 'token', 'climber')).trim();
  expect((await asToken(token, 'create', 'role', 'all', '--verb=*', '--resource=*')).stderr).toContain(
    'is attempting to grant RBAC permissions not currently held',
  );
  expect(
    (await asToken(token, 'create', 'rolebinding', 'up', '--clusterrole=admin', `--serviceaccount=${ns.namespace}:climber`)).stderr,
  ).toContain('attempting to grant');
});

test('a pod speaks to the API with the token that it was given', async () => {
  await ns.run('create', 'rolebinding', 'default-views', '--clusterrole=view', `--serviceaccount=${ns.namespace}:default`);
  const kubectlPath = execFileSync('sh', ['-c', 'readlink -f "$(command -v kubectl)"'], { encoding: 'utf8' }).trim();
  await ns.apply(
    pod('client', {
      volumes: [{ name: 'kubectl', hostPath: { path: kubectlPath, type: 'File' } }],
      containers: [container(SLEEP, { volumeMounts: [{ name: 'kubectl', mountPath: '/host/kubectl', readOnly: true }] })],
    }),
  );
  await ns.podReady('client');
  const directory = '/var/run/secrets/kubernetes.io/serviceaccount';
  expect(await ns.sh('client', `cat ${directory}/namespace`)).toBe(ns.namespace);
  expect(await ns.sh('client', `head -n 1 ${directory}/ca.crt`)).toContain('BEGIN CERTIFICATE');
  const token = await ns.sh('client', `cat ${directory}/token`);
  expect((await asToken(token, 'get', 'pod', 'client', '-o', 'name')).stdout).toBe('pod/client\n');
  // kubectl is linked statically: it runs anywhere, and finds the cluster from what every pod is given.
  expect(await ns.sh('client', '/host/kubectl get pod client -o name')).toBe('pod/client\n');
  expect((await ns.fails('exec', 'client', '--', '/host/kubectl', 'delete', 'pod', 'client')).stderr).toContain(
    'cannot delete resource "pods"',
  );
});

test('auth reconcile and impersonation of groups work', async () => {
  const input = JSON.stringify({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'reconciled', namespace: ns.namespace },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  });
  expect((await ns.with({ input }, 'auth', 'reconcile', '-f', '-')).stdout).toContain('reconciled');
  expect(await ns.run('auth', 'can-i', 'create', 'nodes', '--as=someone', '--as-group=system:masters')).toBe('yes\n');
});
