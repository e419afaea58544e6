import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Host, hostsOnSwitch, type Program } from './support/hosts.ts';
import type { EndpointSlice, List, Node, Pod, Service } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { deployment, PAGE, pod, service, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';
import { writeTestImage } from './support/test-image.ts';

const directory = join(process.env.MINIK_E2E_DIR ?? '', 'dual');
const dataDir = join(directory, 'data');
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
const RANGES = ['--cluster-cidr', '10.52.0.0/16,fd00:52::/56', '--service-cidr', '10.53.0.0/16,fd00:53::/112'];

let network: Awaited<ReturnType<typeof hostsOnSwitch>>;
let host: Host;
let server: Program | undefined;

const mustRun = (...args: string[]) => {
  const { exitCode, stdout, stderr } = host.minik(...args);
  if (exitCode !== 0) throw new Error(`minik ${args.join(' ')}: exit ${exitCode}\n${stdout}${stderr}`);
};

beforeAll(async () => {
  mkdirSync(directory, { recursive: true });
  network = await hostsOnSwitch('10.96.7', ['dual']);
  [host] = network.hosts as [Host];
  const where = ['--data-dir', dataDir, '--node-name', 'dual', '--node-ip', host.address];
  server = host.start(join(directory, 'server.log'), 'server', ...where, ...RANGES, '--node-cidr-mask-size-ipv4', '25');
  await eventually('the server is ready', async () => {
    if (!existsSync(join(dataDir, 'kubeconfig.yaml'))) return false;
    const text = readFileSync(join(dataDir, 'kubeconfig.yaml'), 'utf8');
    writeFileSync(kubeconfig, text.replace('https://127.0.0.1:6443', `https://${host.address}:6443`));
    return (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok';
  });
  await eventually('the node is Ready', async () => (await ns.run('get', 'nodes')).includes(' Ready '));
  const archive = join(directory, 'busybox.tar');
  await writeTestImage(archive);
  mustRun('images', 'import', '--data-dir', dataDir, archive);
  await ns.apply(
    deployment('web', 2, { containers: [webContainer()] }),
    service('web', [{ name: 'http', port: 80, targetPort: 'http' as never }], { ipFamilyPolicy: 'RequireDualStack' }),
    service('six', [{ name: 'http', port: 80, targetPort: 'http' as never }], { ipFamilies: ['IPv6'], selector: { app: 'web' } }),
    pod('client'),
  );
  await ns.podReady('client');
  await ns.run('rollout', 'status', 'deployment/web', '--timeout=90s');
});

afterAll(async () => {
  await server?.stop();
  try {
    mustRun('uninstall', '--yes', '--data-dir', dataDir);
  } finally {
    network[Symbol.dispose]();
  }
});

const inUrl = (address: string) => (address.includes(':') ? `[${address}]` : address);
const fromPod = (address: string) => ns.sh('client', `timeout 5 wget -q -O - http://${inUrl(address)}/`);

test('the node has a part of both ranges, and pods an address of each', async () => {
  const { spec } = await ns.json<Node>('get', 'node', 'dual');
  expect(spec?.podCIDRs).toEqual(['10.52.0.0/25', 'fd00:52::/64']);
  for (const { status } of (await ns.json<List<Pod>>('get', 'pods')).items) {
    expect(status?.podIPs).toEqual([{ ip: expect.stringMatching(/^10\.52\.0\./) }, { ip: expect.stringMatching(/^fd00:52::/) }]);
  }
});

test('a Service of both families answers on both of its addresses, from pods and from the node', async () => {
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  expect(spec?.clusterIPs).toEqual([expect.stringMatching(/^10\.53\./), expect.stringMatching(/^fd00:53::/)]);
  for (const address of spec?.clusterIPs ?? []) {
    expect(await eventually(`${address} answers a pod`, () => fromPod(address))).toBe(PAGE);
    expect(
      await eventually(
        `${address} answers the node`,
        async () => host.run('timeout', '5', 'busybox', 'wget', '-q', '-O', '-', `http://${inUrl(address)}/`).stdout,
      ),
    ).toBe(PAGE);
  }
  const six = await ns.json<Service>('get', 'service', 'six');
  expect(six.spec?.clusterIPs).toEqual([expect.stringMatching(/^fd00:53::/)]);
  expect(await eventually('the Service of IPv6 answers', () => fromPod(six.spec?.clusterIP ?? ''))).toBe(PAGE);
});

test('each family has an EndpointSlice, and the cluster DNS knows both addresses', async () => {
  const { items } = await ns.json<List<EndpointSlice>>('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web');
  expect(items.map(({ addressType, endpoints }) => `${addressType} ${endpoints?.length}`).sort()).toEqual(['IPv4 2', 'IPv6 2']);
  const { spec } = await ns.json<Service>('get', 'service', 'web');
  const answer = await ns.sh('client', 'nslookup web.default.svc.cluster.local; true');
  for (const address of spec?.clusterIPs ?? []) expect(answer).toContain(address);
});

test('the default range of Service addresses has both families', async () => {
  const { spec } = JSON.parse((await kubectl(['get', 'servicecidr', 'kubernetes', '-o', 'json'], { kubeconfig })).stdout);
  expect(spec.cidrs).toEqual(['10.53.0.0/16', 'fd00:53::/112']);
});

test('ranges that cannot be are refused in one sentence', () => {
  const refused = (...flags: string[]) => host.minik('server', '--data-dir', join(directory, 'none'), '--disable-agent', ...flags);
  expect(refused('--cluster-cidr', '10.1.0.0/16,10.2.0.0/16')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/two are of IPv4/),
  });
  const lone = refused('--service-cidr', '10.43.0.0/16,fd00::/112', '--node-ip', host.address);
  expect(lone).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^error: --service-cidr fd00::\/112 is IPv6, and --cluster-cidr has no/),
  });
  const mask = refused(...RANGES, '--node-cidr-mask-size', '24', '--node-ip', host.address);
  expect(mask).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6/) });
});
