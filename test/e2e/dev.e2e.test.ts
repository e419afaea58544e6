import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MINIK } from './support/cluster.ts';
import { withoutMinikSettings } from './support/environment.ts';
import { kubectl } from './support/kubectl.ts';
import { deployment, pod } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';

const directory = mkdtempSync(join(tmpdir(), 'minik-dev-'));
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
let dev: ChildProcess;
let exited: Promise<number | null>;

beforeAll(async () => {
  const args = ['dev', '--data-dir', directory, '--https-listen-port', '7443', '--nodes', '3'];
  dev = spawn(MINIK, args, { stdio: 'ignore', env: withoutMinikSettings() });
  exited = new Promise((resolve) => dev.once('exit', resolve));
  await eventually(
    'it is ready',
    async () => existsSync(kubeconfig) && (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok',
  );
});
afterAll(async () => {
  dev.kill('SIGKILL');
  await exited;
  rmSync(directory, { recursive: true, force: true });
});

test('minik dev has as many Ready nodes as asked', async () => {
  await eventually('three are Ready', async () => ((await ns.run('get', 'nodes')).match(/\sReady\s/g) ?? []).length === 3);
});

test('pods run on fake nodes, and Deployments roll out', async () => {
  await ns.apply(deployment('web', 6), pod('single'));
  expect(await ns.run('rollout', 'status', 'deployment/web', '--timeout=30s')).toContain('successfully rolled out');
  await ns.podReady('single');
  const nodes = (await ns.run('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.nodeName}')).split(' ');
  expect(new Set(nodes).size).toBe(3);
  await ns.run('delete', 'deployment', 'web', '--cascade=foreground', '--timeout=30s');
});

test('SIGTERM ends it with exit code 0', async () => {
  dev.kill('SIGTERM');
  expect(await exited).toBe(0);
});
