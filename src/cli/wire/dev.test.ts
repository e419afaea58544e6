import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceDefinition } from '../../api/define.ts';
import { deployments, nodes, pods } from '../../api/index.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Deployment, Pod } from '../../api/schema/generated/types.ts';
import { systemClock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { type AdminClient, openAdminClient } from '../admin-client.ts';

const MAIN = new URL('../main.ts', import.meta.url).pathname;
/** The settings of the machine that the test runs on are not the test's. */
const environment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MINIK_')));

const started = new Set<ChildProcess>();
/** A test that runs out of time leaves its processes behind. */
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

class Dev {
  readonly directory = mkdtempSync(join(tmpdir(), 'minik-dev-test-'));
  readonly dataDir = join(this.directory, 'cluster');
  readonly child: ChildProcess;
  said = '';
  log = '';

  constructor(...flags: string[]) {
    const config = join(this.directory, 'config.yaml');
    writeFileSync(config, '');
    const args = ['--disable-warning=ExperimentalWarning', MAIN, 'dev', '--https-listen-port', '0', '--config', config, ...flags];
    this.child = spawn(process.execPath, args, {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment(), TMPDIR: this.directory },
    });
    started.add(this.child);
    this.child.once('exit', () => started.delete(this.child));
    this.child.stderr?.on('data', (chunk) => {
      this.log += chunk;
    });
  }

  /** Resolves when it told how to use it; rejects with its log when it ends before. */
  async up(): Promise<void> {
    const { stdout } = this.child;
    for await (const chunk of stdout ?? []) {
      this.said += chunk;
      if (this.said.includes('kubectl get nodes')) return;
    }
    throw new Error(`minik dev ended:\n${this.log}`);
  }

  async end(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  }

  async remove(): Promise<void> {
    await this.end();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const { signal } = new AbortController();
const inDefault = { namespace: 'default', signal };
const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;

/** Follows the namespace until an object is as wanted. */
async function until<T extends KubeObject>(resource: ResourceDefinition<T>, client: Client, wanted: (object: T) => boolean): Promise<void> {
  const { items, metadata } = await client.list(resource, inDefault);
  if (items.some(wanted)) return;
  for await (const event of client.watch(resource, { ...inDefault, resourceVersion: metadata.resourceVersion })) {
    if ((event.type === 'ADDED' || event.type === 'MODIFIED') && wanted(event.object)) return;
  }
  throw new Error('the watch ended');
}

async function untilGone(client: Client): Promise<void> {
  const { items, metadata } = await client.list(pods, inDefault);
  const left = new Set(items.map((pod) => pod.metadata?.name));
  if (left.size === 0) return;
  for await (const event of client.watch(pods, { ...inDefault, resourceVersion: metadata.resourceVersion })) {
    if (event.type === 'DELETED') left.delete(event.object.metadata?.name);
    if (left.size === 0) return;
  }
}

const web: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          { name: 'web', image: 'example.invalid/web:1', readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 } },
        ],
      },
    },
  },
};

describe('minik dev', () => {
  let dev: Dev;
  let admin: AdminClient;
  beforeAll(async () => {
    dev = new Dev('--nodes', '3');
    await dev.up();
    const [, kubeconfig = ''] = /KUBECONFIG=(\S+)/.exec(dev.said) ?? [];
    admin = await openAdminClient(kubeconfig, systemClock);
  });
  afterAll(async () => {
    admin?.[Symbol.dispose]();
    await dev.remove();
  });

  it('says that it is up once its fake nodes are Ready, each with pod addresses of its own', async () => {
    const { items } = await admin.client.list(nodes, { signal });
    expect(items.map((n) => n.metadata?.name).sort()).toEqual(['fake-0', 'fake-1', 'fake-2']);
    expect(items.map((n) => n.status?.conditions?.find((c) => c.type === 'Ready')?.status)).toEqual(['True', 'True', 'True']);
    expect(new Set(items.map((n) => n.spec?.podCIDR)).size).toBe(3);
  });

  it('runs a Deployment to Ready, scales it over all nodes, and deletes it with its pods', async () => {
    const { client } = admin;
    await client.create(deployments, web, inDefault);
    await until(deployments, client, (d) => d.status?.readyReplicas === 3);
    await client.patch(deployments, 'web', 'merge', { spec: { replicas: 50 } }, inDefault);
    await until(deployments, client, (d) => d.status?.readyReplicas === 50);
    const { items } = await client.list(pods, inDefault);
    expect(items.filter(isReady)).toHaveLength(50);
    expect(new Set(items.map((pod) => pod.status?.podIP)).size).toBe(50);
    expect(new Set(items.map((pod) => pod.spec?.nodeName)).size).toBe(3);
    await client.delete(deployments, 'web', { ...inDefault, delete: { propagationPolicy: 'Background' } });
    await untilGone(client);
    expect((await client.list(pods, inDefault)).items).toEqual([]);
  });

  it('starts pods that have init containers and sidecars', async () => {
    const spec = {
      initContainers: [
        { name: 'migrate', image: 'app:1' },
        { name: 'mesh', image: 'mesh:1', restartPolicy: 'Always' },
      ],
      containers: [{ name: 'web', image: 'app:1' }],
    };
    await admin.client.create(pods, { metadata: { name: 'prepared' }, spec } as Pod, inDefault);
    await until(pods, admin.client, (pod) => pod.metadata?.name === 'prepared' && isReady(pod));
  });

  it('answers a request for logs with the reason why there are none', async () => {
    const { client } = admin;
    await client.create(pods, { metadata: { name: 'one' }, spec: web.spec?.template.spec }, inDefault);
    await until(pods, client, (pod) => isReady(pod));
    const logs = client.get(pods, 'one', { ...inDefault, subresource: 'log' });
    await expect(logs).rejects.toMatchObject({ reason: 'NotImplemented', message: expect.stringContaining('nodes of minik dev are fake') });
  });

  it('ends with 0 on SIGTERM and leaves no file behind', async () => {
    const [, kubeconfig = ''] = /KUBECONFIG=(\S+)/.exec(dev.said) ?? [];
    expect(existsSync(kubeconfig)).toBe(true);
    expect(await dev.end()).toBe(0);
    expect(existsSync(join(kubeconfig, '..'))).toBe(false);
  });
});

describe('minik dev with a data directory', () => {
  it('keeps its certificate authority over a restart, so that kubeconfigs stay good', async () => {
    const runs: string[] = [];
    const directory = mkdtempSync(join(tmpdir(), 'minik-dev-test-'));
    const dataDir = join(directory, 'cluster');
    try {
      for (const _ of [1, 2]) {
        const dev = new Dev('--nodes', '0', '--data-dir', dataDir);
        await dev.up();
        using admin = await openAdminClient(join(dataDir, 'kubeconfig.yaml'), systemClock);
        runs.push(admin.caHash);
        await dev.remove();
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    expect(new Set(runs).size).toBe(1);
  });

  it('leaves the directory of a minik server alone', async () => {
    const dev = new Dev('--data-dir', 'server-data');
    const dataDir = join(dev.directory, 'server-data');
    mkdirSync(join(dataDir, 'server'), { recursive: true });
    writeFileSync(join(dataDir, 'server/state.db'), '');
    await once(dev.child, 'exit');
    expect(dev.child.exitCode).toBe(2);
    expect(dev.log).toBe(`error: the data directory ${dataDir} is that of a minik server\n`);
    await dev.remove();
  });
});
