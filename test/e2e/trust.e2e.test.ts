import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { systemClock } from '../../src/base/clock.ts';
import { bodyOf, type FakeHttpsServer, fakeHttpsServer } from '../../src/server/outbound/fake-https-server.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-trust-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};

let server: ChildProcess;
let exited: Promise<number | null>;
let provider: FakeHttpsServer;

/** An OpenID provider, and a webhook that knows one token and lets its user read nodes. */
async function outside(): Promise<FakeHttpsServer> {
  const keys = [{ ...signing.publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'ES256' }];
  return fakeHttpsServer(async (request, reply) => {
    const answer = (value: object) => void reply.end(JSON.stringify(value));
    if (request.url === '/.well-known/openid-configuration') return answer({ issuer: provider.url, jwks_uri: `${provider.url}/keys` });
    if (request.url === '/keys') return answer({ keys });
    const review = JSON.parse(await bodyOf(request)) as {
      spec: { token?: string; user?: string; resourceAttributes?: { resource: string } };
    };
    const { token, user, resourceAttributes } = review.spec;
    if (token !== undefined) {
      return answer({ ...review, status: { authenticated: token === 'hook-token', user: { username: 'hooked', groups: ['hooks'] } } });
    }
    answer({ ...review, status: { allowed: user === 'hooked' && resourceAttributes?.resource === 'nodes' } });
  });
}

beforeAll(async () => {
  provider = await outside();
  const webhook = file(
    'webhook.yaml',
    stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x', user: '' } }],
      clusters: [{ name: 'x', cluster: { server: `${provider.url}/review`, 'certificate-authority': 'provider.pem' } }],
    }),
  );
  const ca = file('provider.pem', provider.caPem);
  const args = [
    ...['server', '--disable-agent', '--data-dir', directory, '--datastore-endpoint', 'memory:', '--bind-address', '127.0.0.1'],
    ...['--https-listen-port', '7543', '--node-ip', '127.0.0.1'],
    ...['--oidc-issuer-url', provider.url, '--oidc-client-id', 'kubectl', '--oidc-ca-file', ca, '--oidc-signing-algs', 'ES256'],
    ...['--oidc-username-prefix', 'oidc:', '--oidc-groups-claim', 'groups', '--oidc-groups-prefix', 'oidc:'],
    ...['--authentication-token-webhook-config-file', webhook],
    ...['--authorization-mode', 'Node,RBAC,Webhook', '--authorization-webhook-config-file', webhook],
  ];
  server = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => server.once('exit', resolve));
  await eventually(
    'it is ready',
    async () => existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok',
  );
});
afterAll(async () => {
  server.kill('SIGKILL');
  await exited;
  await provider[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** kubectl with another user in the kubeconfig. */
function as(name: string, user: object) {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as object;
  const path = file(`${name}.yaml`, stringify({ ...config, users: [{ name: 'default', user }] }));
  return (...args: string[]) => kubectl(args, { kubeconfig: path, mayFail: true });
}

test('kubectl comes with an ID token, and is who it says', async () => {
  const exp = Math.floor(systemClock.now() / 1000) + 600;
  const token = await new SignJWT({ iss: provider.url, aud: 'kubectl', sub: 'jane', groups: ['dev'], exp })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .sign(signing.privateKey);
  const jane = as('jane', { token });
  const whoami = JSON.parse((await jane('auth', 'whoami', '-o', 'json')).stdout) as { status: { userInfo: object } };
  expect(whoami.status.userInfo).toMatchObject({ username: 'oidc:jane', groups: ['oidc:dev', 'system:authenticated'] });
  expect((await jane('get', 'configmaps')).stderr).toContain('User "oidc:jane" cannot list resource "configmaps"');
  await ns.run('create', 'rolebinding', 'dev', '--clusterrole=view', '--group=oidc:dev');
  expect((await jane('get', 'configmaps')).stdout).toContain('kube-root-ca.crt');
  const forged = as('forged', { token: `${token.slice(0, -8)}AAAAAAAA` });
  expect((await forged('get', 'configmaps')).stderr).toMatch(/must be logged in|Unauthorized/);
});

test('webhooks say who has a token, and what they may do', async () => {
  const hooked = as('hooked', { token: 'hook-token' });
  expect((await hooked('auth', 'whoami')).stdout).toContain('hooked');
  expect(await hooked('get', 'nodes')).toMatchObject({ exitCode: 0 });
  expect((await hooked('get', 'pods')).stderr).toContain('User "hooked" cannot list resource "pods"');
  expect((await as('stranger', { token: 'other' })('get', 'nodes')).stderr).toMatch(/must be logged in|Unauthorized/);
});

test('tokens are bound to what they are asked to be, and end with it', async () => {
  await ns.run('create', 'serviceaccount', 'robot');
  await ns.run('create', 'secret', 'generic', 'anchor');
  const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', 'anchor', '--duration', '10m'];
  const token = (await ns.run('create', 'token', 'robot', ...bound)).trim();
  expect(decodeJwt(token)['kubernetes.io']).toMatchObject({ namespace: 'default', secret: { name: 'anchor' } });
  const robot = as('robot', { token });
  expect((await robot('auth', 'whoami')).stdout).toContain('system:serviceaccount:default:robot');
  await ns.run('delete', 'secret', 'anchor');
  await eventually('it ended', async () => /logged in|Unauthorized/.test((await robot('get', 'pods')).stderr));
  const short = await ns.fails('create', 'token', 'robot', '--duration', '5m');
  expect(short.stderr).toContain('may not specify a duration less than 10 minutes');
});

test('a Secret of its type gets a token that opens the API', async () => {
  await ns.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'robot-token', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
    type: 'kubernetes.io/service-account-token',
  });
  const token = await eventually('it has one', async () => {
    const text = await ns.run('get', 'secret', 'robot-token', '-o', 'jsonpath={.data.token}');
    return text && Buffer.from(text, 'base64').toString();
  });
  expect((await as('legacy', { token })('auth', 'whoami')).stdout).toContain('system:serviceaccount:default:robot');
  expect(await ns.run('describe', 'serviceaccount', 'robot')).toContain('robot-token');
});

test('a certificate is asked for, approved by a person, and opens the API', async () => {
  const [key, request] = [join(directory, 'mary.key'), join(directory, 'mary.csr')];
  const subject = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/O=ops/CN=mary'];
  execFileSync('openssl', ['req', '-new', ...subject, '-keyout', key, '-out', request], { stdio: 'ignore' });
  const csr = (name: string) => ({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: readFileSync(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      expirationSeconds: 3600,
      usages: ['client auth'],
    },
  });
  await ns.apply(csr('mary'), csr('no'));
  await ns.run('certificate', 'approve', 'mary');
  await ns.run('certificate', 'deny', 'no');
  const data = await eventually('it is issued', () => ns.run('get', 'csr', 'mary', '-o', 'jsonpath={.status.certificate}'));
  expect(await ns.run('get', 'csr')).toMatch(/mary\s+\S+\s+kubernetes\.io\/kube-apiserver-client\s+\S+\s+60m\s+Approved,Issued/);
  expect((await ns.fails('certificate', 'approve', 'no')).stderr).toMatch(/mutually exclusive|Denied/);
  const mary = as('mary', { 'client-certificate-data': data, 'client-key-data': readFileSync(key).toString('base64') });
  expect((await mary('get', 'pods')).stderr).toContain('User "mary" cannot list resource "pods"');
});

test('impersonation can be granted for one verb on one resource', async () => {
  await ns.run('create', 'serviceaccount', 'helper');
  // kubectl create clusterrole knows stored resources only.
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
  const bob = { apiGroups: ['authentication.k8s.io'], resources: ['users'], resourceNames: ['bob'], verbs: ['impersonate:user-info'] };
  const list = { apiGroups: [''], resources: ['configmaps'], verbs: ['impersonate-on:user-info:list'] };
  await ns.apply({ ...rbac, metadata: { name: 'be-bob' }, rules: [bob] }, { ...rbac, metadata: { name: 'list-as' }, rules: [list] });
  for (const role of ['be-bob', 'list-as'])
    await ns.run('create', 'clusterrolebinding', `helper-${role}`, `--clusterrole=${role}`, '--serviceaccount=default:helper');
  await ns.run('create', 'rolebinding', 'bob', '--clusterrole=view', '--user=bob');
  const helper = as('helper', { token: (await ns.run('create', 'token', 'helper')).trim() });
  // Discovery as bob is not granted: the paths are asked for as they are.
  const asBob = (plural: string) => helper('get', '--raw', `/api/v1/namespaces/default/${plural}`, '--as', 'bob');
  expect((await asBob('configmaps')).stdout).toContain('kube-root-ca.crt');
  expect((await asBob('services')).stderr).toContain('cannot impersonate-on:user-info:list resource "services"');
  expect((await helper('get', 'configmaps')).stderr).toContain('cannot list resource "configmaps"');
});

test('ClusterRoles that aggregate show what they grant', async () => {
  const label = { 'example.org/aggregate': 'yes' };
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' };
  await ns.apply(
    { ...rbac, metadata: { name: 'whole' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: label }] }, rules: [] },
    { ...rbac, metadata: { name: 'part', labels: label }, rules: [{ apiGroups: ['example.org'], resources: ['things'], verbs: ['get'] }] },
  );
  await eventually('it shows', async () => (await ns.run('get', 'clusterrole', 'whole', '-o', 'yaml')).includes('things'));
});

test('the key set and the issuer are published for whoever may see them', async () => {
  const document = JSON.parse(await ns.run('get', '--raw', '/.well-known/openid-configuration')) as { jwks_uri: string };
  expect(document).toMatchObject({
    issuer: 'https://kubernetes.default.svc.cluster.local',
    id_token_signing_alg_values_supported: ['ES256'],
  });
  expect(new URL(document.jwks_uri).pathname).toBe('/openid/v1/jwks');
  expect(await ns.run('get', '--raw', '/openid/v1/jwks')).toContain('"kty":"EC"');
});

test('files that are not what a flag wants end it with one sentence and exit code 2', () => {
  const broken = file('broken.pem', 'no key');
  const run = (...flags: string[]) => {
    try {
      execFileSync(MINIK, ['server', '--disable-agent', '--data-dir', join(directory, 'other'), '--node-ip', '127.0.0.1', ...flags], {
        stdio: 'pipe',
        env: withoutMinikSettings(),
      });
      return 'it ran';
    } catch (error) {
      const { status, stderr } = error as { status: number; stderr: Buffer };
      return `${status}: ${stderr.toString().trim().split('\n').at(-1)}`;
    }
  };
  expect(run('--service-account-signing-key-file', broken)).toMatch(/^2: .*--service-account-signing-key-file .*broken\.pem: /);
  expect(run('--oidc-issuer-url', 'https://x.example')).toContain('--oidc-issuer-url and --oidc-client-id must be specified together');
  expect(run('--authorization-mode', 'Webhook')).toContain("authorization-mode Webhook's authorization config file not passed");
  expect(run('--client-ca-file', '/nowhere/ca.pem')).toMatch(/^2: .*--client-ca-file \/nowhere\/ca\.pem: ENOENT/);
});
