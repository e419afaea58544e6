import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MINIK = join(process.cwd(), 'dist/minik');
const START_TIMEOUT_MS = 30_000;

export interface Cluster {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly logFile: string;
  /** Milliseconds from the start of the process to the first answer of /readyz. */
  start(): Promise<void>;
  /** SIGTERM; containers keep running. Resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Ends everything, containers too, and removes the data directory. */
  destroy(): Promise<void>;
  readonly pid: number | undefined;
}

/** A `minik server` on a data directory of its own. */
export function createCluster(options: { nodeIp: string; flags?: readonly string[] }): Cluster {
  const dataDir = mkdtempSync(join(tmpdir(), 'minik-e2e-'));
  const logFile = join(dataDir, 'minik.log');
  const kubeconfig = join(dataDir, 'kubeconfig.yaml');
  let child: ChildProcess | undefined;
  let exited: Promise<number | null> = Promise.resolve(0);

  const ready = () =>
    existsSync(kubeconfig) &&
    spawnSync('kubectl', ['--kubeconfig', kubeconfig, 'get', '--raw', '/readyz'], { timeout: 5_000 }).status === 0;

  const cluster: Cluster = {
    dataDir,
    kubeconfig,
    logFile,
    get pid() {
      return child?.pid;
    },
    async start() {
      const log = openSync(logFile, 'a');
      const args = [
        'server',
        '--data-dir',
        dataDir,
        '--node-ip',
        options.nodeIp,
        '--node-name',
        'node-a',
        '--log-level',
        'debug',
        ...(options.flags ?? []),
      ];
      const started = spawn(MINIK, args, { stdio: ['ignore', log, log] });
      closeSync(log);
      child = started;
      exited = new Promise((resolve) => started.once('exit', (code) => resolve(code)));
      const end = Date.now() + START_TIMEOUT_MS;
      while (!ready()) {
        if (started.exitCode !== null || Date.now() > end) {
          throw new Error(`minik server did not become ready:\n${readFileSync(logFile, 'utf8').split('\n').slice(-30).join('\n')}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop() {
      child?.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child?.kill('SIGKILL');
      await exited;
    },
    async destroy() {
      await cluster.stop();
      const { status, stderr, stdout } = spawnSync(MINIK, ['uninstall', '--yes', '--data-dir', dataDir], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      if (status !== 0) throw new Error(`minik uninstall failed: ${stdout}${stderr}`);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return cluster;
}

/** Imports an OCI archive into the cluster's containerd. */
export function importImage(cluster: Pick<Cluster, 'dataDir'>, archive: string): void {
  const { status, stderr, stdout } = spawnSync(MINIK, ['images', 'import', '--data-dir', cluster.dataDir, archive], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`minik images import failed: ${stdout}${stderr}`);
}
