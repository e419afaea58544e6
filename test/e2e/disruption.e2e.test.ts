import { afterAll, beforeAll, expect, test } from 'vitest';
import type { List, Pod, PodDisruptionBudget } from './support/kinds.ts';
import { kubectl, kubectlInBackground } from './support/kubectl.ts';
import { deployment } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('disruption');
const NODE = 'node-a';
const DRAIN = ['drain', NODE, '--pod-selector=app=guarded', '--ignore-daemonsets'];

beforeAll(async () => {
  await ns.apply(deployment('guarded', 2));
  await ns.run('rollout', 'status', 'deployment/guarded', '--timeout=60s');
});
afterAll(async () => {
  await kubectl(['uncordon', NODE], { mayFail: true });
});

test('a budget says how many pods may go', async () => {
  await ns.run('create', 'pdb', 'guard', '--selector=app=guarded', '--min-available=100%');
  const { status } = await ns.until<PodDisruptionBudget>('it is counted', 'pdb/guard', (b) => b.status?.currentHealthy === 2);
  expect(status).toMatchObject({ expectedPods: 2, desiredHealthy: 2, disruptionsAllowed: 0 });
  expect(status?.conditions).toMatchObject([{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }]);
  expect(await ns.run('describe', 'pdb', 'guard')).toMatch(/Allowed disruptions:\s+0\s+Current:\s+2\s+Desired:\s+2\s+Total:\s+2/);
});

test('drain waits while the budget forbids it, and goes on when it allows it', async () => {
  const before = (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=guarded')).items.map((p) => p.metadata?.name);
  const blocked = await kubectl([...DRAIN, '--timeout=8s'], { mayFail: true });
  expect(blocked.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
  expect(blocked.exitCode).not.toBe(0);
  expect((await ns.json<List<Pod>>('get', 'pods', '-l', 'app=guarded')).items.map((p) => p.metadata?.name)).toEqual(before);
  await using drain = kubectlInBackground([...DRAIN, '--timeout=60s']);
  await eventually('it is refused', async () => drain.stderr.includes('violate the pod'));
  await ns.run('delete', 'pdb', 'guard');
  await ns.run('create', 'pdb', 'guard', '--selector=app=guarded', '--max-unavailable=2');
  await drain.says(`node/${NODE} drained`);
  for (const name of before) expect((await ns.fails('get', 'pod', String(name))).stderr).toContain('not found');
  await kubectl(['uncordon', NODE]);
  await ns.run('rollout', 'status', 'deployment/guarded', '--timeout=60s');
});
