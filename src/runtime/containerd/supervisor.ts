import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { aborted, isAbort } from '../../base/abort.ts';
import { backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import type { Component } from '../../base/component.ts';
import type { Logger } from '../../base/logger.ts';
import { type Runtime, RuntimeError } from '../runtime.ts';
import { type ContainerdConfig, containerdConfig } from './containerd-config.ts';
import { type PidRecord, readPidRecord, removePidRecord, writePidRecord } from './pid-record.ts';

/** A process by its id and its start time, so that a recycled id is never taken for it. */
export interface ProcessIdentity {
  pid: number;
  /** Ticks since boot, from /proc/<pid>/stat. */
  startTime: string;
}

/** What the supervisor needs of the operating system. */
export interface ProcessPort {
  /** Absolute path of a program on PATH. */
  find(name: string): Promise<string | undefined>;
  /** Starts a process in a session of its own, output appended to `logPath`; it outlives this one. Rejects when it cannot be started. */
  startDetached(file: string, args: readonly string[], options: { logPath: string }): Promise<ProcessIdentity>;
  isAlive(process: ProcessIdentity): Promise<boolean>;
  /** Does nothing when the process has ended. */
  kill(process: ProcessIdentity, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** The last lines of a file, for error messages. */
  tail(path: string): Promise<string>;
}

export interface ContainerdSupervisorOptions {
  config: ContainerdConfig;
  /** Of the same socket; asked for its version to learn that containerd is ready. */
  runtime: Pick<Runtime, 'version'>;
  processes: ProcessPort;
  clock: Clock;
  log: Logger;
  /** Name on PATH or absolute path. */
  binary?: string;
}

/** Linux' sockaddr_un, less the final zero byte. */
const LONGEST_SOCKET_PATH_BYTES = 107;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const SOCKET_POLL_MS = 5;
const LIVENESS_POLL_MS = 500;
/** A run this long ends the back-off. */
const STABLE_MS = 60_000;
const LOG_LIMIT_BYTES = 16 << 20;

/**
 * Keeps one containerd running on a socket of our own. Pods outlive it: it is ended with SIGTERM, which leaves the shims alone, and the next
 * containerd finds them again. An orphan of an earlier, killed run is taken over when its configuration is still ours, else ended.
 */
export function containerdSupervisor(options: ContainerdSupervisorOptions): Component {
  const { config, clock, log, processes } = options;
  const logPath = `${config.rootDir}/containerd.log`;
  const configPath = `${config.rootDir}/config.toml`;
  const pidPath = `${config.stateDir}/containerd.pid`;

  async function prepare(): Promise<{ binary: string; record: Omit<PidRecord, keyof ProcessIdentity> }> {
    if (Buffer.byteLength(config.socketPath) > LONGEST_SOCKET_PATH_BYTES)
      throw new Error(`containerd's socket path is longer than ${LONGEST_SOCKET_PATH_BYTES} bytes: ${config.socketPath}`);
    const name = options.binary ?? 'containerd';
    const binary = await processes.find(name);
    if (!binary) throw new Error(`${name} is not on PATH: install containerd 1.6 or later, or run with --disable-agent`);
    for (const dir of [config.rootDir, config.stateDir, config.cniConfDir, config.registryDir]) await mkdir(dir, { recursive: true });
    const text = containerdConfig(config);
    await writeFile(configPath, text);
    if (config.restrictOomScoreAdj)
      log.info({}, 'CAP_SYS_RESOURCE is missing: containers keep the OOM score of this process (restrict_oom_score_adj)');
    return { binary, record: { binary, config: text } };
  }

  /** The running containerd of an earlier run, if it is ours and configured as we want it; any other of ours is ended first. */
  async function takeOver(record: Omit<PidRecord, keyof ProcessIdentity>): Promise<ProcessIdentity | undefined> {
    const left = await readPidRecord(pidPath);
    if (!left || !(await processes.isAlive(left))) return undefined;
    if (left.config === record.config && left.binary === record.binary && (await accepts(config.socketPath))) {
      log.info({ pid: left.pid }, 'containerd taken over');
      return left;
    }
    log.info({ pid: left.pid }, 'containerd of an earlier run has another configuration: ending it');
    await stop(left);
    return undefined;
  }

  async function start(record: Omit<PidRecord, keyof ProcessIdentity>): Promise<ProcessIdentity> {
    await rotate(logPath);
    const child = await processes.startDetached(record.binary, ['--config', configPath], { logPath });
    await writePidRecord(pidPath, { ...child, ...record });
    return child;
  }

  async function untilReady(child: ProcessIdentity, signal: AbortSignal): Promise<void> {
    const deadline = clock.monotonic() + START_TIMEOUT_MS;
    for (let failure = 'its socket does not answer'; ; ) {
      if (await accepts(config.socketPath)) {
        const error = await options.runtime.version({ signal }).then(
          () => undefined,
          (e: Error) => e,
        );
        if (!error) return;
        failure = error.message;
        // It serves only when all plugins are loaded: a CRI that is missing then stays missing.
        if (error instanceof RuntimeError && error.reason === 'Unimplemented')
          throw new Error(`containerd's CRI plugin did not load\n${await processes.tail(logPath)}`);
      }
      const alive = await processes.isAlive(child);
      if (!alive || clock.monotonic() > deadline)
        throw new Error(`containerd ${alive ? `is not ready: ${failure}` : 'ended'}\n${await processes.tail(logPath)}`);
      await clock.sleep(SOCKET_POLL_MS, { signal });
    }
  }

  async function untilDead(child: ProcessIdentity, signal: AbortSignal): Promise<void> {
    while (await processes.isAlive(child)) await clock.sleep(LIVENESS_POLL_MS, { signal });
  }

  async function stop(child: ProcessIdentity): Promise<void> {
    const { signal } = new AbortController();
    await processes.kill(child, 'SIGTERM');
    const deadline = clock.monotonic() + STOP_TIMEOUT_MS;
    while (await processes.isAlive(child)) {
      if (clock.monotonic() > deadline) await processes.kill(child, 'SIGKILL');
      await clock.sleep(SOCKET_POLL_MS, { signal });
    }
    await removePidRecord(pidPath);
  }

  return {
    name: 'containerd',
    async run({ signal, ready }) {
      const { record } = await prepare();
      const delays = backoff({ firstMs: 200, maxMs: 30_000 });
      let child = await takeOver(record);
      let wasReady = false;
      try {
        while (!signal.aborted) {
          const startedAt = clock.monotonic();
          try {
            child ??= await start(record);
            await untilReady(child, signal);
            log.info({ pid: child.pid, socket: config.socketPath, ms: Math.round(clock.monotonic() - startedAt) }, 'containerd is ready');
            wasReady = true;
            ready();
            await untilDead(child, signal);
            log.warn({ pid: child.pid, log: logPath }, 'containerd ended; starting it again');
          } catch (error) {
            if (isAbort(error, signal) || signal.aborted) break;
            // What never worked will not work by trying again; say why and give up.
            if (!wasReady) throw error;
            log.error({ err: error }, 'containerd does not start');
            if (child) await stop(child);
          }
          child = undefined;
          if (clock.monotonic() - startedAt > STABLE_MS) delays.reset();
          await Promise.race([clock.sleep(delays.next(), { signal }).catch(() => {}), aborted(signal)]);
        }
      } finally {
        if (child) await stop(child);
      }
    },
  };
}

/** Does somebody listen on this socket? */
function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

async function rotate(logPath: string): Promise<void> {
  const size = await stat(logPath).then(
    (s) => s.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(logPath, `${logPath}.1`);
}
