import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { execa } from 'execa';

export interface RunOptions {
  signal?: AbortSignal;
  input?: string | Uint8Array;
  timeoutMs?: number;
  env?: Record<string, string>;
  cwd?: string;
  /** Of stdout and of stderr each; more makes the run fail. Default 16 MiB. */
  maxOutputBytes?: number;
  /** Exit codes that are answers, not failures. Default: 0 alone. */
  okExitCodes?: readonly number[];
}

export interface RunResult {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** A program that did not do what it was asked. The message names the program, what happened and its last words. */
export class SpawnError extends Error {
  readonly reason: 'NotFound' | 'Failed' | 'TimedOut' | 'Aborted' | 'TooMuchOutput';
  readonly exitCode: number | undefined;
  readonly stderr: string;
  constructor(reason: SpawnError['reason'], message: string, detail: { exitCode?: number; stderr?: string; cause?: unknown } = {}) {
    super(message, { cause: detail.cause });
    this.name = 'SpawnError';
    this.reason = reason;
    this.exitCode = detail.exitCode;
    this.stderr = detail.stderr ?? '';
  }
}
export const isProgramMissing = (e: unknown): boolean => e instanceof SpawnError && e.reason === 'NotFound';

const MAX_OUTPUT_BYTES = 16 << 20;
const MESSAGE_TAIL_CHARS = 400;

/** Runs a program to its end: arguments as they are, never through a shell. Rejects with SpawnError. */
export async function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const { signal, input, timeoutMs, env, cwd, maxOutputBytes = MAX_OUTPUT_BYTES, okExitCodes = [0] } = options;
  const result = await execa(file, args, {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(signal ? { cancelSignal: signal } : {}),
    ...(timeoutMs ? { timeout: timeoutMs } : {}),
    ...(cwd ? { cwd } : {}),
    env: env ?? {},
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
    reject: false,
    forceKillAfterDelay: 2000,
  });
  const { stdout = '', stderr = '', exitCode } = result as { stdout?: string; stderr?: string; exitCode?: number };
  if (exitCode !== undefined && okExitCodes.includes(exitCode) && !result.isMaxBuffer && !result.isCanceled && !result.timedOut)
    return { stdout, stderr, exitCode };
  throw spawnError(file, args, result, stderr);
}

interface Failure {
  code?: string;
  exitCode?: number;
  signal?: string;
  timedOut: boolean;
  isCanceled: boolean;
  isMaxBuffer: boolean;
}

function spawnError(file: string, args: readonly string[], failure: Failure, stderr: string): SpawnError {
  const { exitCode } = failure;
  const what = [file, args[0]].filter(Boolean).join(' ');
  const detail = { exitCode, stderr, cause: failure };
  if (failure.isCanceled) return new SpawnError('Aborted', `${what} was aborted`, detail);
  if (failure.timedOut) return new SpawnError('TimedOut', `${what} took too long`, detail);
  if (failure.isMaxBuffer) return new SpawnError('TooMuchOutput', `${what} wrote more than expected`, detail);
  if (failure.code === 'ENOENT') return new SpawnError('NotFound', `${file} is not installed`, detail);
  const how = exitCode === undefined ? `was ended by ${failure.signal ?? failure.code}` : `exited with ${exitCode}`;
  const words = stderr.trim().slice(-MESSAGE_TAIL_CHARS);
  return new SpawnError('Failed', `${what} ${how}${words ? `: ${words}` : ''}`, detail);
}

/** Where system programs live that a service's PATH may lack. */
const SYSTEM_DIRS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Absolute path of a program: as given when it has a slash, else from PATH and the system's directories. */
export async function findExecutable(name: string, path = process.env.PATH ?? ''): Promise<string | undefined> {
  const dirs = name.includes('/') ? [''] : [...new Set([...path.split(':').filter(Boolean), ...SYSTEM_DIRS])];
  for (const dir of dirs) {
    const candidate = dir ? `${dir}/${name}` : name;
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return undefined;
}

/**
 * Starts a program in a session of its own that outlives this process: its output goes straight to a file, since a pipe to us would
 * end it when we are gone. Resolves with its process id; rejects with SpawnError when it cannot be started.
 */
export async function startDetached(file: string, args: readonly string[], { logPath }: { logPath: string }): Promise<number> {
  const log = await open(logPath, 'a', 0o600);
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
    await once(child, 'spawn');
    child.unref();
    return child.pid as number;
  } catch (error) {
    throw spawnError(file, args, { ...NOT_ENDED, code: (error as NodeJS.ErrnoException).code }, '');
  } finally {
    await log.close();
  }
}

const NOT_ENDED: Failure = { timedOut: false, isCanceled: false, isMaxBuffer: false };
