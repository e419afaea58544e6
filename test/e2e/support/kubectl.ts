import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { withoutMinikSettings } from './environment.ts';
import { eventually } from './poll.ts';

export interface Output {
  stdout: string;
  stderr: string;
  exitCode: number;
}
export interface KubectlOptions {
  input?: string | Buffer;
  /** A kubectl release: `1.27`. The one on PATH when absent. */
  version?: string;
  timeoutMs?: number;
  /** Resolve also when kubectl fails: for tests of failures. */
  mayFail?: boolean;
  kubeconfig?: string;
  env?: Readonly<Record<string, string>>;
}

const GCLOUD_BIN = '/usr/lib/google-cloud-sdk/bin';

const binary = (version: string | undefined) => (version === undefined ? 'kubectl' : `${GCLOUD_BIN}/kubectl.${version}`);

/** Releases beside the one on PATH that this machine has, of those that minik supports. */
export const otherVersions = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'].filter((v) => existsSync(binary(v)));

const environment = ({ kubeconfig, env }: KubectlOptions) => ({
  ...withoutMinikSettings(),
  KUBECONFIG: kubeconfig ?? process.env.MINIK_E2E_KUBECONFIG ?? '/nowhere',
  ...env,
});

async function execute(args: readonly string[], options: KubectlOptions): Promise<Omit<Output, 'stdout'> & { stdout: Buffer }> {
  const result = await execa(binary(options.version), args, {
    reject: false,
    timeout: options.timeoutMs ?? 60_000,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    env: environment(options),
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    maxBuffer: 1 << 30,
  });
  const stderr = Buffer.from(result.stderr).toString();
  const output = { stdout: Buffer.from(result.stdout), stderr, exitCode: result.exitCode ?? -1 };
  if (result.failed && !options.mayFail) {
    const ending = result.timedOut ? 'timed out' : `exit ${output.exitCode}`;
    throw new Error(`kubectl ${args.join(' ')}: ${ending}\n${output.stdout.toString().slice(-4000)}${stderr}`);
  }
  return output;
}

/** Runs kubectl against the cluster under test. Rejects when it fails, with what it said, unless `mayFail`. */
export async function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<Output> {
  const output = await execute(args, options);
  return { ...output, stdout: output.stdout.toString() };
}

/** As `kubectl`, for output that is no text. */
export const kubectlBytes = async (args: readonly string[], options: KubectlOptions = {}): Promise<Buffer> =>
  (await execute(args, options)).stdout;

export interface Background {
  readonly stdout: string;
  readonly stderr: string;
  write(text: string): void;
  endInput(): void;
  /** Waits until stdout has this text. */
  says(text: string | RegExp): Promise<void>;
  readonly exited: Promise<number>;
  stop(): Promise<void>;
}

/** A command that goes on (`-w`, `-f`, port-forward). Dispose of it: `await using`. */
export function inBackground(command: string, args: readonly string[], options: KubectlOptions = {}): Background & AsyncDisposable {
  const child: ChildProcess = spawn(command, args, { stdio: 'pipe', env: environment(options) });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  // A child that ended reads no more.
  child.stdin?.on('error', () => {});
  const exited = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return {
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    write: (line) => void child.stdin?.write(line),
    endInput: () => void child.stdin?.end(),
    async says(wanted) {
      const said = () => (typeof wanted === 'string' ? text.stdout.includes(wanted) : wanted.test(text.stdout));
      await eventually(`${command} ${args.join(' ')} says ${wanted}`, () => said() || Promise.reject(new Error(text.stdout + text.stderr)));
    },
    exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

export const kubectlInBackground = (args: readonly string[], options: KubectlOptions = {}): Background & AsyncDisposable =>
  inBackground(binary(options.version), args, options);
