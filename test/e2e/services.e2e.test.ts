import { beforeAll, expect, test } from 'vitest';
import { nodeAddress } from './support/environment.ts';
import type { List, Pod, Service } from './support/kinds.ts';
import { deployment, PAGE, pod, service, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { testNamespace } from './support/scope.ts';

const ns = testNamespace('services');
const web = async () => (await ns.json<List<Pod>>('get', 'pods', '-l', 'app=web')).items;
const fromPod = (url: string) => ns.sh('client', `timeout 5 wget -q -O - ${url}`);
const fromNode = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(3_000), headers: { Connection: 'close' } })).text();
const lookup = async (name: string) =>
  [
    ...(await ns.sh('client', `nslookup ${name}; true`))
      .split('Name:')
      .slice(1)
      .join(' ')
      .matchAll(/Address(?: \d+)?: (\S+)/g),
  ].map((m) => m[1]);

beforeAll(async () => {
  await ns.apply(
    deployment('web', 2, { containers: [webContainer()] }),
    service('web', [{ name: 'http', port: 80, targetPort: 'http' as never }], { type: 'NodePort' }),
    { ...service('headless', [{ name: 'http', port: 8080 }], { clusterIP: 'None', selector: { app: 'web' } }) },
    service('none', [{ port: 80 }]),
    pod('client'),
    pod('named', { hostname: 'first', subdomain: 'headless', labels: { app: 'web' }, containers: [webContainer()] }),
  );
  for (const name of ['client', 'named']) await ns.podReady(name);
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=60s');
});

test('pods reach a Service by its name, short and full, and by its address', async () => {
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  for (const host of ['web', `web.${ns.namespace}`, `web.${ns.namespace}.svc.cluster.local`, String(spec?.clusterIP)])
    expect(await eventually(host, () => fromPod(`http://${host}/`))).toBe(PAGE);
});

test('a Service spreads over its pods, also back to the pod that asks', async () => {
  const names = (await web()).map((p) => p.metadata?.name).sort();
  expect(names).toHaveLength(3);
  const seen = new Set<string>();
  await eventually('every pod answered', async () => {
    seen.add((await fromPod('http://web/hostname')).trim());
    return seen.size === 3;
  });
  // The pod "named" has its own host name.
  expect([...seen].sort()).toEqual([...names.filter((n) => n !== 'named'), 'first'].sort());
  for (let i = 0; i < 6; i += 1) expect(await ns.sh('named', 'timeout 5 wget -q -O - http://web/')).toBe(PAGE);
});

test('the node reaches the Service by its address and its node port', async () => {
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  expect(await eventually('the cluster address', () => fromNode(`http://${spec?.clusterIP}/`))).toBe(PAGE);
  expect(await eventually('the node port', () => fromNode(`http://${nodeAddress()}:${spec?.ports?.[0]?.nodePort}/`))).toBe(PAGE);
  expect(await eventually('a pod through the node port', () => fromPod(`http://${nodeAddress()}:${spec?.ports?.[0]?.nodePort}/`))).toBe(
    PAGE,
  );
});

test('a headless Service has an address for each pod, and a name for pods with one', async () => {
  const addresses = (await web()).map((p) => p.status?.podIP).sort();
  await eventually('all are listed', async () => (await lookup(`headless.${ns.namespace}.svc.cluster.local`)).length === 3);
  expect((await lookup(`headless.${ns.namespace}.svc.cluster.local`)).sort()).toEqual(addresses);
  const named = (await ns.json<Pod>('get', 'pod', 'named')).status?.podIP;
  expect(await lookup(`first.headless.${ns.namespace}.svc.cluster.local`)).toEqual([named]);
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  expect(await lookup(`web.${ns.namespace}.svc.cluster.local`)).toEqual([spec?.clusterIP]);
});

test('names that do not exist are said not to', async () => {
  expect(await ns.sh('client', `nslookup nope.${ns.namespace}.svc.cluster.local 2>&1; true`)).toMatch(/NXDOMAIN|can't resolve|can't find/);
  expect(await ns.sh('client', 'cat /etc/resolv.conf')).toMatch(
    new RegExp(
      `^search ${ns.namespace}\\.svc\\.cluster\\.local svc\\.cluster\\.local cluster\\.local.*\\nnameserver 10\\.43\\.0\\.10\\noptions ndots:5`,
    ),
  );
});

test('an address of a Service answers SRV and PTR questions', async () => {
  expect(await ns.sh('client', `nslookup -type=srv _http._tcp.web.${ns.namespace}.svc.cluster.local`)).toMatch(
    new RegExp(`service = \\d+ \\d+ 80 web\\.${ns.namespace}\\.svc\\.cluster\\.local`),
  );
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  expect(await ns.sh('client', `nslookup ${spec?.clusterIP}`)).toContain(`name = web.${ns.namespace}.svc.cluster.local`);
});

test('a Service without endpoints refuses at once', async () => {
  const started = performance.now();
  expect(await ns.sh('client', 'timeout 10 wget -q -O - http://none/ 2>&1; true')).toContain('refused');
  expect(performance.now() - started).toBeLessThan(8_000);
});

test('pods know Services of their namespace from the environment', async () => {
  await ns.apply(pod('late'));
  await ns.podReady('late');
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  const environment = await ns.sh('late', 'env');
  expect(environment).toContain(`WEB_SERVICE_HOST=${spec?.clusterIP}\n`);
  expect(environment).toContain('WEB_SERVICE_PORT_HTTP=80\n');
  expect(environment).toContain('KUBERNETES_SERVICE_HOST=10.43.0.1\n');
});

test('a Service follows its pods as they come and go', async () => {
  await ns.run('scale', 'deployment/web', '--replicas=0');
  await ns.run('delete', 'pod', 'named');
  await eventually('it refuses', async () => (await ns.sh('client', 'timeout 5 wget -q -O - http://web/ 2>&1; true')).includes('refused'));
  await ns.run('scale', 'deployment/web', '--replicas=1');
  expect(await eventually('it answers', () => fromPod('http://web/'))).toBe(PAGE);
});

test('a deleted Service is gone from the node', async () => {
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  await ns.run('delete', 'service', 'web');
  await eventually(
    'its address is dead',
    async () => (await ns.sh('client', `timeout 2 wget -q -O - http://${spec?.clusterIP}/ 2>&1; echo`)) !== `${PAGE}\n`,
  );
  await eventually('its name is gone', async () => (await lookup(`web.${ns.namespace}.svc.cluster.local`)).length === 0);
});
