import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { serveKms } from '../../src/server/encryption/kms/fake-plugin.ts';
import { bodyOf, fakeHttpsServer } from '../../src/server/outbound/fake-https-server.ts';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { eventually } from './support/poll.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-safety-'));
const dataDir = join(directory, 'data');
const kubeconfig = join(dataDir, 'kubeconfig.yaml');
const PORT = '17443';
let server: ChildProcess | undefined;

async function launch(...flags: string[]): Promise<void> {
  const local = ['--node-ip', '127.0.0.1', '--bind-address', '127.0.0.1', '--https-listen-port', PORT];
  server = spawn(MINIK, ['server', '--disable-agent', '--data-dir', dataDir, ...local, ...flags], {
    stdio: 'ignore',
    env: withoutMinikSettings(),
  });
}
async function start(...flags: string[]): Promise<void> {
  await launch(...flags);
  await eventually('it is ready', async () => (await kubectl(['get', '--raw', '/readyz'], { kubeconfig, mayFail: true })).stdout === 'ok');
}
async function stop(): Promise<void> {
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  server?.kill('SIGTERM');
  if (server) await ended;
  server = undefined;
}
afterEach(stop);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const run = async (...args: string[]) => (await kubectl(args, { kubeconfig })).stdout;
const secret = randomBytes(32).toString('base64');
const encryption = (name: string, ...providers: object[]): string => {
  const path = join(directory, name);
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers }],
    }),
  );
  return path;
};
const onDisk = (text: string): boolean =>
  readdirSync(join(dataDir, 'server'))
    .filter((name) => name.startsWith('state.db'))
    .some((name) => readFileSync(join(dataDir, 'server', name)).includes(text));

test('kubectl replace encrypts what was plain, and changes the key', async () => {
  const encoded = Buffer.from('correct horse battery').toString('base64');
  await start();
  await run('create', 'secret', 'generic', 's', '--from-literal=p=correct horse battery');
  await stop();
  expect(onDisk(encoded)).toBe(true);
  const first = { aescbc: { keys: [{ name: 'key1', secret }] } };
  const second = { secretbox: { keys: [{ name: 'key2', secret }] } };
  const rewrite = async () => kubectl(['replace', '-f', '-'], { kubeconfig, input: await run('get', 'secrets', '-A', '-o', 'json') });
  await start('--encryption-provider-config', encryption('first.json', first, { identity: {} }));
  await rewrite();
  await stop();
  expect([onDisk(encoded), onDisk('k8s:enc:aescbc:v1:key1:')]).toEqual([false, true]);
  await start('--encryption-provider-config', encryption('second.json', second, first));
  await rewrite();
  await stop();
  expect([onDisk('k8s:enc:aescbc:v1:key1:'), onDisk('k8s:enc:secretbox:v1:key2:')]).toEqual([false, true]);
  await start('--encryption-provider-config', encryption('third.json', second));
  expect(await run('get', 'secret', 's', '-o', 'jsonpath={.data.p}')).toBe(encoded);
  await stop();
  await start('--encryption-provider-config', encryption('lost.json', first));
  const { stderr } = await kubectl(['get', 'secret', 's'], { kubeconfig, mayFail: true });
  expect(stderr).toContain('unable to transform key');
  expect(await run('get', 'namespaces')).toContain('default');
});

test('a KMS plugin protects Secrets, and those are written again when its key has changed', async () => {
  rmSync(dataDir, { recursive: true, force: true });
  const socket = join(directory, 'kms.sock');
  const kms = { keyId: 'first-key' };
  const turned = (bytes: unknown) => Buffer.from(bytes as Buffer).map((byte) => byte ^ 0xff);
  const serve = () =>
    serveKms(socket, {
      Status: () => ({ version: 'v2', healthz: 'ok', key_id: kms.keyId }),
      Encrypt: ({ plaintext }) => ({ ciphertext: turned(plaintext), key_id: kms.keyId }),
      Decrypt: ({ ciphertext }) => ({ plaintext: turned(ciphertext) }),
    });
  let stopPlugin = await serve();
  const flags = [
    '--encryption-provider-config',
    encryption('kms.json', { kms: { apiVersion: 'v2', name: 'vault', endpoint: `unix://${socket}` } }),
  ];
  const encoded = Buffer.from('correct horse battery').toString('base64');
  const value = () => kubectl(['get', 'secret', 's', '-o', 'jsonpath={.data.p}'], { kubeconfig, mayFail: true });

  await start(...flags);
  await run('create', 'secret', 'generic', 's', '--from-literal=p=correct horse battery');
  expect(await run('get', '--raw', '/livez/kms-providers')).toBe('ok');
  await stop();
  expect([onDisk(encoded), onDisk('k8s:enc:kms:v2:vault:'), onDisk('first-key')]).toEqual([false, true, true]);

  kms.keyId = 'second-key';
  await start(...flags);
  expect((await value()).stdout).toBe(encoded);
  await kubectl(['replace', '-f', '-'], { kubeconfig, input: await run('get', 'secrets', '-A', '-o', 'json') });
  await stop();
  expect([onDisk('first-key'), onDisk('second-key')]).toEqual([false, true]);

  stopPlugin();
  await launch(...flags);
  await eventually('it answers', async () => (await value()).stderr.includes('failed to decrypt DEK'));
  expect((await kubectl(['get', '--raw', '/readyz'], { kubeconfig, mayFail: true })).stderr).toContain('kms-providers failed');
  stopPlugin = await serve();
  await eventually('the plugin is asked again', async () => (await value()).stdout === encoded);
  stopPlugin();
}, 120_000);

test('keys change without a restart when the file is followed', async () => {
  const box = (name: string, byte: number) => ({ secretbox: { keys: [{ name, secret: Buffer.alloc(32, byte).toString('base64') }] } });
  rmSync(dataDir, { recursive: true, force: true });
  const config = encryption('followed.yaml', box('one', 1));
  await start('--encryption-provider-config', config, '--encryption-provider-config-automatic-reload=true');
  expect(await run('get', '--raw', '/readyz/kms-providers')).toBe('ok');
  await run('create', 'secret', 'generic', 'kept', '--from-literal=a=b');
  encryption('followed.yaml', box('two', 2), box('one', 1));
  const reloads = 'apiserver_encryption_config_controller_automatic_reloads_total{status="success"';
  await eventually('it is reloaded', async () => (await run('get', '--raw', '/metrics')).includes(reloads));
  await run('create', 'secret', 'generic', 'new', '--from-literal=a=b');
  expect([onDisk('k8s:enc:secretbox:v1:one:'), onDisk('k8s:enc:secretbox:v1:two:')]).toEqual([true, true]);
  expect(await run('get', 'secrets', '-o', 'name')).toBe('secret/kept\nsecret/new\n');
}, 60_000);

test('the audit log tells what kubectl did', async () => {
  const policy = join(directory, 'policy.yaml');
  const log = join(directory, 'audit.log');
  writeFileSync(
    policy,
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Request, resources: [{group: "", resources: [configmaps]}]}]\n',
  );
  rmSync(dataDir, { recursive: true, force: true });
  const sent: { auditID: string }[] = [];
  await using receiver = await fakeHttpsServer(async (request, reply) => {
    sent.push(...JSON.parse(await bodyOf(request)).items);
    reply.end();
  });
  const webhook = join(directory, 'audit-webhook.yaml');
  const cluster = { server: `${receiver.url}/audit`, 'certificate-authority-data': Buffer.from(receiver.caPem).toString('base64') };
  writeFileSync(webhook, JSON.stringify({ clusters: [{ name: 'receiver', cluster }] }));
  await start('--audit-policy-file', policy, '--audit-log-path', log, '--audit-webhook-config-file', webhook);
  await run('create', 'configmap', 'seen', '--from-literal=a=b');
  await stop();
  const events = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ objectRef, verb }) => verb === 'create' && objectRef.name === 'seen')).toMatchObject({
    user: { username: 'system:admin' },
    userAgent: expect.stringContaining('kubectl'),
    requestObject: { data: { a: 'b' } },
    responseStatus: { code: 201 },
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  });
  expect(sent.map(({ auditID }) => auditID)).toEqual(events.map(({ auditID }) => auditID));
});
