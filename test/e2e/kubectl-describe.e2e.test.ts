import { beforeAll, expect, test } from 'vitest';
import { kubectl } from './support/kubectl.ts';
import { configMap, container, deployment, pod, SLEEP, service } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('describe');
beforeAll(async () => {
  const limits = { resources: { limits: { cpu: '500m', memory: '64Mi' } } };
  await ns.apply(
    configMap('settings', { key: 'value' }),
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hidden' }, stringData: { password: 'do not show' } },
    deployment('web', 1, { containers: [container(SLEEP, limits)] }),
    service('web', [{ port: 80, targetPort: 8080 }]),
    pod('single'),
  );
  await ns.podReady('single');
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
});

test('describe pod tells state, conditions, volumes and events', async () => {
  const text = await eventually('events came', async () => {
    const said = await ns.run('describe', 'pod', 'single');
    return said.includes('Started') && said;
  });
  expect(text).toMatch(/^Node:\s+node-a\/10\.98\.0\.1$/m);
  expect(text).toMatch(/^Status:\s+Running$/m);
  expect(text).toMatch(/^IP:\s+10\.42\.\d+\.\d+$/m);
  expect(text).toMatch(/State:\s+Running\n\s+Started:/);
  expect(text).toMatch(/^ {2}PodScheduled\s+True/m);
  expect(text).toMatch(/kube-api-access-\w{5}:\n\s+Type:\s+Projected/);
  expect(text).toMatch(/^QoS Class:\s+BestEffort$/m);
  for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started']) expect(text).toMatch(new RegExp(`Normal\\s+${reason}\\s`));
});

test('describe deployment, replicaset, service, configmap and secret tell what they hold', async () => {
  const web = await ns.run('describe', 'deployment', 'web');
  expect(web).toMatch(/^Replicas:\s+1 desired \| 1 updated \| 1 total \| 1 available \| 0 unavailable$/m);
  expect(web).toMatch(/Normal\s+ScalingReplicaSet\s.*Scaled up replica set web-\S+ (from 0 )?to 1/);
  expect(await ns.run('describe', 'rs', '-l', 'app=web')).toMatch(/Pods Status:\s+1 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/);
  expect(await ns.run('describe', 'service', 'web')).toMatch(/^Endpoints:\s+10\.42\.\d+\.\d+:8080$/m);
  expect(await ns.run('describe', 'cm', 'settings')).toMatch(/key:\n----\nvalue/);
  expect(await ns.run('describe', 'secret', 'hidden')).toMatch(/password:\s+11 bytes/);
});

test('describe node tells conditions, capacity, images and what runs there', async () => {
  const { stdout } = await kubectl(['describe', 'node', 'node-a']);
  expect(stdout).toMatch(/^ {2}Ready\s+True\s.*KubeletReady/m);
  expect(stdout).toMatch(/^ {2}InternalIP:\s+10\.98\.0\.1$/m);
  expect(stdout).toMatch(/^ {2}pods:\s+110$/m);
  expect(stdout).toMatch(/^ {2}cpu:\s+\d+$/m);
  expect(stdout).toMatch(/^Lease:\n {2}HolderIdentity:\s+node-a$/m);
  expect(stdout).toMatch(new RegExp(`^ {2}${ns.namespace}\\s+single\\s`, 'm'));
  expect(stdout).toMatch(/Container Runtime Version:\s+containerd:\/\//);
  const images = async () => (await kubectl(['get', 'node', 'node-a', '-o', 'jsonpath={.status.images[*].names}'])).stdout;
  await eventually('the imported image is listed', async () => (await images()).includes('example.com/minik/busybox:1'), 90_000);
});

test('describe namespace and serviceaccount answer', async () => {
  expect((await kubectl(['describe', 'namespace', ns.namespace])).stdout).toMatch(/^Status:\s+Active$/m);
  expect(await ns.run('describe', 'serviceaccount', 'default')).toMatch(/^Name:\s+default$/m);
});

test('events lists what happened, of one object or by type', async () => {
  expect(await ns.run('events', '--for', 'pod/single')).toMatch(
    /Normal\s+Scheduled\s+Pod\/single\s+Successfully assigned e2e-describe\/single to node-a/,
  );
  expect(await ns.run('get', 'events', '--field-selector', 'involvedObject.name=single,reason=Started', '-o', 'name')).toMatch(
    /^event\/single\.\S+\n$/,
  );
  await ns.apply(pod('nowhere', { nodeSelector: { 'no/such': 'node' } }));
  await eventually('a warning', async () =>
    /FailedScheduling\s+Pod\/nowhere\s+0\/1 nodes are available/.test(await ns.run('events', '--types=Warning')),
  );
  await ns.run('delete', 'pod', 'nowhere');
});
