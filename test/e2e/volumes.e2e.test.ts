import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathsOf } from '../../src/cli/wire/paths.ts';
import type { Pod } from './support/kinds.ts';
import { configMap, container, pod, SLEEP } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('volumes');
const hostDirectory = join(process.env.MINIK_E2E_DIR ?? '', 'host-path');
afterAll(() => rmSync(hostDirectory, { recursive: true, force: true }));

const from = (fieldPath: string) => ({ fieldRef: { fieldPath } });
const resource = (name: string) => ({ resourceFieldRef: { resource: name } });

beforeAll(async () => {
  mkdirSync(hostDirectory, { recursive: true });
  writeFileSync(join(hostDirectory, 'from-host'), 'host\n');
  await ns.apply(
    configMap('settings', { greeting: 'hello', 'app.conf': 'a=1\n', OTHER: 'x' }),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hidden' }, stringData: { password: 's3cret' } },
    pod('env', {
      labels: { app: 'env', tier: 'back' },
      containers: [
        container(SLEEP, {
          resources: { requests: { cpu: '100m', memory: '16Mi' }, limits: { memory: '64Mi', cpu: '1' } },
          envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'CM_' }, { secretRef: { name: 'absent', optional: true } }],
          env: [
            { name: 'PLAIN', value: 'one' },
            { name: 'EXPANDED', value: '$(PLAIN)-$(NOPE)-$$(PLAIN)' },
            { name: 'KEY', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'hidden', key: 'password' } } },
            { name: 'POD', valueFrom: from('metadata.name') },
            { name: 'POD_IP', valueFrom: from('status.podIP') },
            { name: 'HOST_IP', valueFrom: from('status.hostIP') },
            { name: 'NODE', valueFrom: from('spec.nodeName') },
            { name: 'TIER', valueFrom: from("metadata.labels['tier']") },
            { name: 'LIMIT', valueFrom: resource('limits.memory') },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.cpu', divisor: '1m' } } },
          ],
        }),
      ],
    }),
    pod('vol', {
      securityContext: { fsGroup: 2000 },
      volumes: [
        { name: 'scratch', emptyDir: {} },
        { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'some', configMap: { name: 'settings', items: [{ key: 'app.conf', path: 'deep/renamed.conf', mode: 0o440 }] } },
        { name: 'hidden', secret: { secretName: 'hidden', defaultMode: 0o400 } },
        { name: 'optional', configMap: { name: 'absent', optional: true } },
        { name: 'host', hostPath: { path: hostDirectory, type: 'Directory' } },
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'settings', items: [{ key: 'greeting', path: 'greeting' }] } },
              { secret: { name: 'hidden' } },
              { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
              { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 3600 } },
            ],
          },
        },
      ],
      containers: [
        container(SLEEP, {
          volumeMounts: [
            { name: 'scratch', mountPath: '/scratch' },
            { name: 'scratch', mountPath: '/part', subPath: 'inner/part' },
            { name: 'memory', mountPath: '/memory' },
            { name: 'settings', mountPath: '/settings' },
            { name: 'settings', mountPath: '/etc/app.conf', subPath: 'app.conf' },
            { name: 'some', mountPath: '/some', readOnly: true },
            { name: 'hidden', mountPath: '/hidden' },
            { name: 'optional', mountPath: '/optional' },
            { name: 'host', mountPath: '/host' },
            { name: 'all', mountPath: '/all' },
          ],
        }),
        container(SLEEP, { name: 'second', volumeMounts: [{ name: 'scratch', mountPath: '/shared' }] }),
      ],
    }),
  );
  await ns.podReady('env');
  await ns.podReady('vol');
});
const sh = (script: string) => ns.sh('vol', script, '-c', 'main');

test('the environment comes from values, ConfigMaps, Secrets, fields and resources', async () => {
  const { status } = await ns.json<Pod>('get', 'pod', 'env');
  const environment = (await ns.sh('env', 'env')).split('\n');
  expect(environment).toEqual(
    expect.arrayContaining([
      'PLAIN=one',
      'EXPANDED=one-$(NOPE)-$(PLAIN)',
      'KEY=hello',
      'CM_greeting=hello',
      'CM_OTHER=x',
      'PASSWORD=s3cret',
      'POD=env',
      `POD_IP=${status?.podIP}`,
      `HOST_IP=${status?.hostIP}`,
      'NODE=node-a',
      'TIER=back',
      `LIMIT=${64 << 20}`,
      'CPU=100',
      'HOSTNAME=env',
    ]),
  );
});

test('ConfigMaps and Secrets are files, with their modes', async () => {
  expect(await sh('cat /settings/greeting /settings/app.conf /some/deep/renamed.conf /etc/app.conf /hidden/password')).toBe(
    'helloa=1\na=1\na=1\ns3cret',
  );
  expect(await sh('stat -L -c %a /some/deep/renamed.conf /hidden/password; ls /optional | wc -l')).toBe('440\n440\n0\n');
  expect((await ns.fails('exec', 'vol', '-c', 'main', '--', 'sh', '-c', 'echo x >/some/deep/renamed.conf')).stderr).toMatch(
    /Read-only file system|Permission denied/,
  );
});

test('an emptyDir is shared by the containers, by subPath too, and in memory when asked', async () => {
  await sh('echo one >/scratch/file; echo two >/part/file');
  expect(await ns.sh('vol', 'cat /shared/file /shared/inner/part/file', '-c', 'second')).toBe('one\ntwo\n');
  expect(await sh('df -T /memory | tail -n 1')).toMatch(/tmpfs\s+8192\s/);
  expect(await sh('stat -c %g /scratch')).toBe('2000\n');
});

test('a hostPath is the node’s directory', async () => {
  expect(await sh('cat /host/from-host; echo back >/host/from-pod')).toBe('host\n');
  expect(readFileSync(join(hostDirectory, 'from-pod'), 'utf8')).toBe('back\n');
});

test('a projected volume holds all its sources, with a token for its audience', async () => {
  expect(await sh('cat /all/greeting; echo; cat /all/password; echo; cat /all/labels')).toBe('hello\ns3cret\napp="vol"');
  const claims = JSON.parse(Buffer.from((await sh('cat /all/token')).split('.')[1] ?? '', 'base64url').toString());
  expect(claims).toMatchObject({
    aud: ['vault'],
    sub: `system:serviceaccount:${ns.namespace}:default`,
    'kubernetes.io': { pod: { name: 'vol' } },
  });
});

test('changes of ConfigMaps, Secrets and labels reach the running pod, but not a subPath', async () => {
  await ns.apply(configMap('settings', { greeting: 'changed', 'app.conf': 'a=2\n', added: 'new' }));
  await ns.run('label', 'pod', 'vol', 'extra=yes');
  await eventually(
    'the files change',
    async () => (await sh('cat /settings/greeting /settings/added /all/greeting 2>/dev/null; true')) === 'changednewchanged',
    100_000,
  );
  await eventually('the labels change', async () => (await sh('cat /all/labels')).includes('extra="yes"'), 100_000);
  expect(await sh('cat /etc/app.conf')).toBe('a=1\n');
  expect(await ns.sh('env', 'echo $KEY')).toBe('hello\n');
});

test('a pod waits for a ConfigMap that is missing, and says so', async () => {
  await ns.apply(
    pod('waits', {
      volumes: [{ name: 'v', configMap: { name: 'coming' } }],
      containers: [container(SLEEP, { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
    }),
    pod('env-waits', { containers: [container(SLEEP, { envFrom: [{ configMapRef: { name: 'coming' } }] })] }),
  );
  await eventually('FailedMount', async () => (await ns.run('events', '--for', 'pod/waits')).includes('configmap "coming" not found'));
  await eventually('CreateContainerConfigError', async () =>
    (await ns.run('get', 'pod', 'env-waits')).includes('CreateContainerConfigError'),
  );
  await ns.apply(configMap('coming', { A: 'here' }));
  await eventually('it runs', async () => (await ns.sh('waits', 'cat /v/A')) === 'here', 150_000);
  await eventually('it runs', async () => (await ns.sh('env-waits', 'echo $A')) === 'here\n', 150_000);
}, 200_000);

test('what a pod kept in an emptyDir is removed with it', async () => {
  const { metadata } = await ns.json<Pod>('get', 'pod', 'vol');
  await ns.run('delete', 'pod', 'vol');
  const directory = join(pathsOf(process.env.MINIK_E2E_DATA_DIR ?? '').podsDir, String(metadata?.uid));
  await eventually('its directory is gone', () => !existsSync(directory));
  expect(readFileSync(join(hostDirectory, 'from-host'), 'utf8')).toBe('host\n');
});
