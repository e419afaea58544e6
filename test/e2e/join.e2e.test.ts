import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Host, hostsOnSwitch, type Program } from './support/hosts.ts';
import type { Node, Pod } from './support/kinds.ts';
import { kubectl } from './support/kubectl.ts';
import { container, PAGE, pod, webContainer } from './support/manifests.ts';
import { eventually } from './support/poll.ts';
import { scope } from './support/scope.ts';
import { writeTestImage } from './support/test-image.ts';

const directory = join(process.env.MINIK_E2E_DIR ?? '', 'join');
const [dataA, dataB] = [join(directory, 'a'), join(directory, 'b')];
const kubeconfig = join(directory, 'kubeconfig.yaml');
const ns = scope('default', { kubeconfig });
/** One file, without libraries: it runs in any image. */
const kubectlFile = realpathSync(execFileSync('sh', ['-c', 'command -v kubectl'], { encoding: 'utf8' }).trim());
const onNodeB = { nodeSelector: { 'kubernetes.io/hostname': 'node-b' } };

let network: Awaited<ReturnType<typeof hostsOnSwitch>>;
let [a, b]: Host[] = [];
let server: Program | undefined;
let agent: Program | undefined;
let token = '';

const hostA = () => a as Host;
const hostB = () => b as Host;
const url = () => `https://${hostA().address}:6443`;
const agentFlags = (wanted: string) => {
  const where = ['--data-dir', dataB, '--node-name', 'node-b', '--node-ip', hostB().address];
  return ['agent', '--join', url(), '--token', wanted, ...where];
};
const startAgent = () => hostB().start(join(directory, 'b.log'), ...agentFlags(token), '--node-label', 'rack=2');

const startServer = () =>
  hostA().start(join(directory, 'a.log'), 'server', '--data-dir', dataA, '--node-name', 'node-a', '--node-ip', hostA().address);

async function mustRun(host: Host, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = host.minik(...args);
  if (exitCode !== 0) throw new Error(`minik ${args.join(' ')} on ${host.name}: exit ${exitCode}\n${stdout}${stderr}`);
  return stdout.trim();
}

const serverIsReady = () =>
  eventually('the server is ready', async () => {
    if (!existsSync(join(dataA, 'kubeconfig.yaml'))) return false;
    writeFileSync(kubeconfig, readFileSync(join(dataA, 'kubeconfig.yaml'), 'utf8').replace('https://127.0.0.1:6443', url()));
    return (await kubectl(['get', '--raw', '/readyz'], { kubeconfig })).stdout === 'ok';
  });

beforeAll(async () => {
  mkdirSync(directory, { recursive: true });
  network = await hostsOnSwitch('10.97.0', ['a', 'b']);
  [a, b] = network.hosts;
  server = startServer();
  await serverIsReady();
  token = await mustRun(hostA(), 'token', 'create', '--data-dir', dataA);
});

afterAll(async () => {
  await agent?.stop();
  await server?.stop();
  try {
    await mustRun(hostB(), 'uninstall', '--yes', '--data-dir', dataB);
    await mustRun(hostA(), 'uninstall', '--yes', '--data-dir', dataA);
  } finally {
    network[Symbol.dispose]();
  }
});

const oneSentence = (pattern: RegExp) => ({
  exitCode: 2,
  stdout: '',
  stderr: expect.stringMatching(new RegExp(`^error: [^\\n]*${pattern.source}[^\\n]*\\n$`)),
});

test('a token whose secret is wrong, or that is none, is one sentence and exit code 2', () => {
  const wrong = token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));
  expect(hostB().minik(...agentFlags(wrong))).toEqual(oneSentence(/cannot join .* does not accept the token/));
  expect(hostB().minik(...agentFlags('K10nonsense'))).toEqual(oneSentence(/not a join token/));
});

test('a server whose CA is not the one that the token names is refused in one sentence, exit code 2', () => {
  const wrong = token.replace(/^K10./, (start) => `K10${start.endsWith('0') ? '1' : '0'}`);
  expect(hostB().minik(...agentFlags(wrong))).toEqual(oneSentence(/CA has another fingerprint/));
});

test('a server that does not answer is one sentence and exit code 2', () => {
  const flags = agentFlags(token).map((flag) => flag.replace(':6443', ':6444'));
  expect(hostB().minik(...flags)).toEqual(oneSentence(/cannot join https:\/\/10\.97\.0\.1:6444: nothing listens there/));
});

test('a node joins with a token and becomes Ready, with its own address, labels and part of the pod range', async () => {
  agent = startAgent();
  const isReady = (node: Node) => node.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
  const node = await ns.until<Node>('node-b is Ready', 'node/node-b', isReady);
  expect(node.status?.addresses).toContainEqual({ type: 'InternalIP', address: hostB().address });
  expect(node.metadata?.labels).toMatchObject({ rack: '2', 'kubernetes.io/hostname': 'node-b' });
  const other = await ns.json<Node>('get', 'node', 'node-a');
  expect(node.spec?.podCIDR).toMatch(/^10\.42\.\d+\.0\/24$/);
  expect(node.spec?.podCIDR).not.toBe(other.spec?.podCIDR);
});

test('a pod with a node selector runs there; logs, exec and port-forward go through the server', async () => {
  const archive = join(directory, 'busybox.tar');
  await writeTestImage(archive);
  await mustRun(hostB(), 'images', 'import', '--data-dir', dataB, archive);
  const web = webContainer();
  const containers = [
    { ...web, command: ['sh', '-c', `echo here I am; ${web.command?.[2]}`], volumeMounts: [{ name: 'kubectl', mountPath: '/kubectl' }] },
  ];
  await ns.apply(pod('far', { ...onNodeB, containers, volumes: [{ name: 'kubectl', hostPath: { path: kubectlFile, type: 'File' } }] }));
  const far = await ns.podReady('far');
  expect(far).toMatchObject({ spec: { nodeName: 'node-b' }, status: { hostIP: hostB().address } });
  expect(await ns.run('logs', 'far')).toBe('here I am\n');
  expect(await ns.sh('far', 'hostname')).toBe('far\n');
  expect((await ns.with({ input: 'piped' }, 'exec', '-i', 'far', '--', 'cat')).stdout).toBe('piped');
  await using forwarding = ns.start('port-forward', 'pod/far', '18080:8080');
  await forwarding.says('Forwarding from');
  expect(await (await fetch('http://127.0.0.1:18080/')).text()).toBe(PAGE);
});

test('its pods reach the API server at its Service address, and the cluster DNS on their own node', async () => {
  const { stdout } = await ns.with({}, 'exec', 'far', '--', 'nslookup', 'kubernetes.default.svc.cluster.local');
  expect(stdout).toContain('10.43.0.1');
  const { stderr: verified } = await ns.with({}, 'exec', 'far', '--', '/kubectl', 'get', '--raw', '/readyz', '-v=6');
  expect(verified).toMatch(/https:\/\/10\.43\.0\.1:443\/readyz.* 200 OK/);
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const byName = `/kubectl --server https://kubernetes.default.svc --certificate-authority ${account}/ca.crt --token "$(cat ${account}/token)"`;
  expect(await ns.sh('far', `${byName} get --raw /readyz`)).toBe('ok');
});

test('a restart of the agent leaves its containers alone', async () => {
  const of = ({ metadata, status }: Pod) => [metadata?.uid, status?.podIP, status?.containerStatuses?.[0]?.containerID];
  const before = await ns.json<Pod>('get', 'pod', 'far');
  expect(await agent?.stop()).toBe(0);
  // The token is for joining alone: who has joined has a certificate.
  await mustRun(hostA(), 'token', 'delete', '--data-dir', dataA, token);
  agent = startAgent();
  await ns.apply(pod('after', onNodeB));
  await ns.podReady('after');
  expect(await ns.sh('far', 'hostname')).toBe('far\n');
  const after = await ns.json<Pod>('get', 'pod', 'far');
  expect(of(after)).toEqual(of(before));
  expect(after.status?.containerStatuses?.[0]?.restartCount).toBe(0);
});

test('an agent that has joined waits for a server that is away, and its containers run on', async () => {
  const containers = async () => (await ns.json<Pod>('get', 'pod', 'far')).status?.containerStatuses?.map((c) => c.containerID);
  const before = await containers();
  await agent?.stop();
  await server?.stop();
  agent = startAgent();
  const { length } = agent.log;
  await eventually('it waits', () => agent?.log.slice(length).includes('does not answer, trying again'));
  server = startServer();
  await serverIsReady();
  await ns.apply(pod('later', onNodeB));
  await ns.podReady('later');
  expect(await containers()).toEqual(before);
});

test('a deleted pod ends there, and takes its containers along', async () => {
  await ns.run('delete', 'pod', 'far', 'after', 'later', '--timeout=30s');
  await ns.apply(pod('job', { ...onNodeB, restartPolicy: 'Never', containers: [container('echo done')] }));
  await ns.until<Pod>('it ends', 'pod/job', (p) => p.status?.phase === 'Succeeded');
  expect(await ns.run('logs', 'job')).toBe('done\n');
  await ns.run('delete', 'pod', 'job', '--timeout=30s');
});
