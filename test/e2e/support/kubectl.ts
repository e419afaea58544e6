import { execa } from 'execa';

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
}

const GCLOUD_BIN = '/usr/lib/google-cloud-sdk/bin';

const binary = (version: string | undefined) => (version === undefined ? 'kubectl' : `${GCLOUD_BIN}/kubectl.${version}`);

/** Runs kubectl against the cluster under test. Rejects when it fails, with what it said, unless `mayFail`. */
export async function kubectl(args: readonly string[], options: KubectlOptions = {}): Promise<Output> {
  const result = await execa(binary(options.version), args, {
    reject: false,
    timeout: options.timeoutMs ?? 90_000,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    env: { KUBECONFIG: process.env.MINIK_E2E_KUBECONFIG ?? '' },
    stripFinalNewline: false,
  });
  const output = { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? -1 };
  if (result.failed && !options.mayFail) {
    throw new Error(
      `kubectl ${args.join(' ')}: exit ${output.exitCode}${result.timedOut ? ' (timed out)' : ''}\n${output.stdout}${output.stderr}`,
    );
  }
  return output;
}

export const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await kubectl([...args, '-o', 'json'])).stdout) as T;

export const apply = (manifest: string): Promise<Output> => kubectl(['apply', '-f', '-'], { input: manifest });

/** Looks again until `probe` gives something; what it last threw or gave is in the error. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>, timeoutMs = 30_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}
