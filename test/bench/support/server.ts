import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { parse } from 'yaml';
import { systemClock } from '../../../src/base/clock.ts';
import { type Client, createClient } from '../../../src/client/client.ts';
import { httpsTransport } from '../../../src/client/https-transport.ts';
import { MINIK, minik } from '../../e2e/support/cluster.ts';
import { withoutMinikSettings } from '../../e2e/support/environment.ts';
import { pollSync, sleep } from '../../e2e/support/poll.ts';
import { nowMs } from './figure.ts';

export const NODE_NAME = 'bench';
const PORT = 6443;
const POLL_MS = 5;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

/** What a load generator needs to reach the server as its administrator. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Server {
  readonly pid: number;
  /** On the machine's monotonic clock, as the process was started. */
  readonly startedAtMs: number;
  /** From there to the first 200 of /readyz. */
  readonly readyAfterMs: number;
  readonly endpoint: Endpoint;
  readonly client: Client;
  /** SIGTERM; containers keep running. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly dataDir: string;
  readonly nodeIp: string;
  readonly flags?: readonly string[];
  /** Runs the sources under Node's profiler, which writes a .cpuprofile into this directory as the server ends. */
  readonly profileDir?: string;
}

/** Asks /readyz as somebody unknown, on a connection of its own. */
function isReady(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const agent = new Agent({ rejectUnauthorized: false });
    const request = get({ host, port: PORT, path: '/readyz', agent, timeout: 2000 }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
    });
    request.once('error', () => resolve(false));
    request.once('timeout', () => request.destroy());
  });
}

function endpointOf(kubeconfig: string): Endpoint {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const decode = (text = '') => Buffer.from(text, 'base64').toString();
  const [cluster, user] = [clusters[0]?.cluster ?? {}, users[0]?.user ?? {}];
  const url = new URL(cluster.server ?? '');
  return {
    host: url.hostname,
    port: Number(url.port),
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
}

async function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await once(child, 'exit');
  clearTimeout(end);
}

function command({ dataDir, nodeIp, flags = [], profileDir }: ServerOptions): [string, string[]] {
  const args = ['server', '--data-dir', dataDir, '--node-ip', nodeIp, '--node-name', NODE_NAME, '--https-listen-port', `${PORT}`, ...flags];
  if (profileDir === undefined) return [MINIK, args];
  const profiling = [
    '--cpu-prof',
    `--cpu-prof-dir=${profileDir}`,
    '--disable-warning=ExperimentalWarning',
    '--max-semi-space-size=8',
    '--heap-growing-percent=100',
  ];
  return [process.execPath, [...profiling, join(process.cwd(), 'src/cli/main.ts'), ...args]];
}

/** Starts a server and waits for it to be ready. Its log is DATADIR.log. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { dataDir, nodeIp } = options;
  mkdirSync(dataDir, { recursive: true });
  const log = openSync(`${dataDir}.log`, 'a');
  const startedAtMs = nowMs();
  const child = spawn(...command(options), { stdio: ['ignore', log, log], env: withoutMinikSettings() });
  closeSync(log);
  while (!(await isReady(nodeIp))) {
    const failed = child.exitCode !== null || nowMs() - startedAtMs > START_TIMEOUT_MS;
    if (failed) throw new Error(`minik server is not ready:\n${readFileSync(`${dataDir}.log`, 'utf8').slice(-3000)}`);
    await sleep(POLL_MS);
  }
  const readyAfterMs = nowMs() - startedAtMs;
  const kubeconfig = join(dataDir, 'kubeconfig.yaml');
  await pollSync('the kubeconfig is written', () => existsSync(kubeconfig), START_TIMEOUT_MS);
  const endpoint = endpointOf(kubeconfig);
  const { ca, cert, key, host, port } = endpoint;
  const transport = httpsTransport({ server: `https://${host}:${port}`, ca, credentials: () => ({ cert, key }), clock: systemClock });
  return {
    pid: child.pid ?? 0,
    startedAtMs,
    readyAfterMs,
    endpoint,
    client: createClient(transport),
    async stop() {
      transport[Symbol.dispose]();
      child.kill('SIGTERM');
      await exited(child);
    },
  };
}

/** Runs `use` against a server and ends all of it: containers, mounts, the directory's content. */
export async function withServer<T>(options: ServerOptions, use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
    minik(['uninstall', '--yes', '--data-dir', options.dataDir]);
  }
}
