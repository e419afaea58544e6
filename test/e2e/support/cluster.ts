import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutMinikSettings } from './environment.ts';
import { pollSync } from './poll.ts';

export const MINIK = join(process.cwd(), 'dist/minik');
export const NODE_NAME = 'node-a';
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

/** A `minik server` on a data directory. Only the directory is state: a cluster that one process started can be used and ended by another. */
export interface Cluster {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly logFile: string;
  /** Of the server that runs. */
  readonly pid: number | undefined;
  /** Starts the server and waits until /readyz says ok. */
  start(): Promise<void>;
  /** SIGTERM; containers keep running. Gives the exit code where this process started the server. */
  stop(): Promise<number | undefined>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Ends everything, containers too, and removes what minik keeps in the data directory. */
  destroy(): Promise<void>;
  /** Imports an OCI archive into the cluster's containerd. */
  importImage(archive: string): void;
}

export interface ClusterOptions {
  readonly dataDir: string;
  readonly nodeIp: string;
  readonly flags?: readonly string[];
}

export function minik(args: readonly string[], timeoutMs = 60_000): string {
  const { status, stdout, stderr } = spawnSync(MINIK, args, { encoding: 'utf8', timeout: timeoutMs, env: withoutMinikSettings() });
  if (status !== 0) throw new Error(`minik ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** The pid in minik.pid, if that process runs. */
function runningPid(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, 'minik.pid'), 'utf8').split('\n')[0]);
    return isRunning(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** False for what has ended but was not collected by its parent yet. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

const lastLines = (file: string, count: number): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');

export function cluster({ dataDir, nodeIp, flags = [] }: ClusterOptions): Cluster {
  const logFile = `${dataDir}.log`;
  const kubeconfig = join(dataDir, 'kubeconfig.yaml');
  let own: { child: ChildProcess; exited: Promise<number | undefined> } | undefined;

  const isReady = () =>
    existsSync(kubeconfig) &&
    spawnSync('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], { timeout: 5_000 }).status === 0;

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> {
    const pid = runningPid(dataDir);
    if (pid === undefined) return undefined;
    process.kill(pid, signal);
    if (own?.child.pid === pid) return own.exited;
    await pollSync(`minik (pid ${pid}) ends`, () => !isRunning(pid), STOP_TIMEOUT_MS);
    return undefined;
  }

  const self: Cluster = {
    dataDir,
    kubeconfig,
    logFile,
    get pid() {
      return runningPid(dataDir);
    },
    async start() {
      mkdirSync(dataDir, { recursive: true });
      const log = openSync(logFile, 'a');
      const where = ['--data-dir', dataDir, '--node-ip', nodeIp, '--node-name', NODE_NAME];
      const args = ['server', ...where, '--log-level', 'debug', ...flags];
      // A session of its own: it outlives the test worker that restarted it.
      const child = spawn(MINIK, args, { stdio: ['ignore', log, log], detached: true, env: withoutMinikSettings() });
      child.unref();
      closeSync(log);
      own = { child, exited: new Promise((resolve) => child.once('exit', (code) => resolve(code ?? undefined))) };
      await pollSync(
        'minik server is ready',
        () => {
          if (child.exitCode !== null) throw new Error(`minik server ended with ${child.exitCode}:\n${lastLines(logFile, 30)}`);
          return isReady();
        },
        START_TIMEOUT_MS,
        () => lastLines(logFile, 30),
      );
    },
    stop: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL');
    },
    async destroy() {
      await self.stop();
      minik(['uninstall', '--yes', '--data-dir', dataDir]);
    },
    importImage(archive) {
      minik(['images', 'import', '--data-dir', dataDir, archive]);
    },
  };
  return self;
}

/** The one cluster of the suite, for tests that restart it. */
export const suiteCluster = (): Cluster =>
  cluster({ dataDir: process.env.MINIK_E2E_DATA_DIR ?? '', nodeIp: process.env.MINIK_E2E_NODE_IP ?? '' });
