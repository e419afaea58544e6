import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { parse } from 'yaml';
import { nodeFlags } from '../../../scripts/lib/node-flags.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { type Client, createClient } from '../../../src/client/client.ts';
import { httpsTransport } from '../../../src/client/https-transport.ts';
import { MINIK, minik } from '../../e2e/support/cluster.ts';
import { withoutMinikSettings } from '../../e2e/support/environment.ts';
import { pollSync, sleep } from '../../e2e/support/poll.ts';
import { nowMs } from './figure.ts';
import { cpuSecondsOf, cpuSecondsOfAll, type Memory, memoryOf, memoryOfAll, processTree } from './process-stats.ts';

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
  /** If not, nothing is expected of it but the API. */
  readonly isMinik: boolean;
  /** Of minik's one process; of another program's together with all below it. */
  cpuSeconds(): number;
  memory(): Memory;
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
  /**
   * An executable that is started instead of minik, with DATA_DIR, ADDRESS and PORT in its environment. It runs until SIGTERM, and DATA_DIR/kubeconfig.yaml
   * has its administrator's certificate before /readyz says 200.
   */
  readonly program?: string;
}

/** The message has the end of what the server said. */
export class NotReadyError extends Error {}

/** Asks /readyz on a connection of its own; as somebody unknown without credentials. */
function isReady(host: string, { cert, key }: Partial<Endpoint> = {}): Promise<boolean> {
  return new Promise((resolve) => {
    const agent = new Agent({ rejectUnauthorized: false, cert, key });
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

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

async function exited(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const end = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await once(child, 'exit');
  clearTimeout(end);
}

function command({ dataDir, nodeIp, flags = [], profileDir, program }: ServerOptions): [string, string[]] {
  if (program !== undefined) return [program, []];
  const args = ['server', '--data-dir', dataDir, '--node-ip', nodeIp, '--node-name', NODE_NAME, '--https-listen-port', `${PORT}`, ...flags];
  if (profileDir === undefined) return [MINIK, args];
  const profiling = ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return [process.execPath, [...profiling, ...nodeFlags, join(process.cwd(), 'src/cli/main.ts'), ...args]];
}

const environment = ({ dataDir, nodeIp, program }: ServerOptions): NodeJS.ProcessEnv => ({
  ...withoutMinikSettings(),
  ...(program !== undefined && { DATA_DIR: dataDir, ADDRESS: nodeIp, PORT: `${PORT}` }),
});

const kubeconfigOf = ({ dataDir }: ServerOptions) => join(dataDir, 'kubeconfig.yaml');

/** Minik tells anybody. Other servers may ask who wants to know. */
async function tellsReady(options: ServerOptions): Promise<boolean> {
  if (options.program === undefined) return isReady(options.nodeIp);
  return existsSync(kubeconfigOf(options)) && isReady(options.nodeIp, endpointOf(kubeconfigOf(options)));
}

/** Starts a server and waits for it to be ready. Its log is DATADIR.log. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { dataDir, program } = options;
  mkdirSync(dataDir, { recursive: true });
  const log = openSync(`${dataDir}.log`, 'a');
  const startedAtMs = nowMs();
  const child = spawn(...command(options), { stdio: ['ignore', log, log], env: environment(options) });
  closeSync(log);
  while (!(await tellsReady(options))) {
    const failed = hasEnded(child) || nowMs() - startedAtMs > START_TIMEOUT_MS;
    const said = failed && readFileSync(`${dataDir}.log`, 'utf8').trim().slice(-3000);
    if (failed) throw new NotReadyError(`${program ?? 'minik server'} is not ready: ${said || 'it said nothing'}`);
    await sleep(POLL_MS);
  }
  const readyAfterMs = nowMs() - startedAtMs;
  const pid = child.pid ?? 0;
  const kubeconfig = kubeconfigOf(options);
  await pollSync('the kubeconfig is written', () => existsSync(kubeconfig), START_TIMEOUT_MS);
  const endpoint = endpointOf(kubeconfig);
  const { ca, cert, key, host, port } = endpoint;
  const transport = httpsTransport({ server: `https://${host}:${port}`, ca, credentials: () => ({ cert, key }), clock: systemClock });
  return {
    pid,
    isMinik: program === undefined,
    cpuSeconds: () => (program === undefined ? cpuSecondsOf(pid) : cpuSecondsOfAll(processTree(pid))),
    memory: () => (program === undefined ? memoryOf(pid) : memoryOfAll(processTree(pid))),
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

/** Runs `use` against a server and ends all of it: containers, mounts, the directory's content. Other programs leave nothing but the latter. */
export async function withServer<T>(options: ServerOptions, use: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(options);
  try {
    return await use(server);
  } finally {
    await server.stop();
    if (server.isMinik) minik(['uninstall', '--yes', '--data-dir', options.dataDir]);
  }
}
