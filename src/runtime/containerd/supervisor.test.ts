import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { silentLogger } from '../../base/logger.ts';
import { RuntimeError } from '../runtime.ts';
import type { ContainerdConfig } from './containerd-config.ts';
import { containerdSupervisor, type ProcessIdentity, type ProcessPort } from './supervisor.ts';

let dir: string;
let config: ContainerdConfig;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minik-sup-'));
  config = {
    rootDir: `${dir}/root`,
    stateDir: `${dir}/run`,
    socketPath: `${dir}/run/c.sock`,
    cniConfDir: `${dir}/net.d`,
    cniBinDir: '/cni',
    registryDir: `${dir}/registry`,
    pauseImage: 'pause',
    snapshotter: 'overlayfs',
    cgroupDriver: 'cgroupfs',
    restrictOomScoreAdj: true,
  };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Processes that listen on the socket while they are alive, as containerd does. */
class FakeProcesses implements ProcessPort {
  readonly started: ProcessIdentity[] = [];
  readonly signals: string[] = [];
  readonly #alive = new Map<number, Server>();
  readonly found: string | undefined;
  constructor(found: string | undefined = '/bin/containerd') {
    this.found = found;
  }
  async find() {
    return this.found;
  }
  async startDetached(): Promise<ProcessIdentity> {
    const child = { pid: 1000 + this.started.length, startTime: String(this.started.length) };
    this.started.push(child);
    const server = createServer((socket) => socket.destroy());
    this.#alive.set(child.pid, server);
    await new Promise<void>((resolve) => server.listen(config.socketPath, resolve));
    return child;
  }
  async isAlive({ pid }: ProcessIdentity) {
    return this.#alive.has(pid);
  }
  async kill({ pid }: ProcessIdentity, signal: string) {
    this.signals.push(`${signal} ${pid}`);
    await this.die(pid);
  }
  async tail() {
    return 'level=fatal msg="no space"';
  }
  async die(pid: number) {
    const server = this.#alive.get(pid);
    this.#alive.delete(pid);
    await new Promise((resolve) => server?.close(resolve));
  }
}

const answers = { version: async () => ({ name: 'containerd', version: '1.6', apiVersion: 'v1' }) };

function supervise(processes: ProcessPort, change: Partial<Parameters<typeof containerdSupervisor>[0]> = {}) {
  const stop = new AbortController();
  const supervisor = containerdSupervisor({ config, runtime: answers, processes, clock: systemClock, log: silentLogger, ...change });
  const isReady = Promise.withResolvers<void>();
  const ended = supervisor.run({ signal: stop.signal, ready: () => isReady.resolve() });
  ended.catch(isReady.reject);
  isReady.promise.catch(() => {});
  return {
    ready: isReady.promise,
    ended,
    end: () => {
      stop.abort();
      return ended;
    },
  };
}

test('containerd is started with our configuration and ended with SIGTERM', async () => {
  const processes = new FakeProcesses();
  const { ready, end } = supervise(processes);
  await ready;
  expect(await readFile(`${config.rootDir}/config.toml`, 'utf8')).toContain(`address = "${config.socketPath}"`);
  await end();
  expect(processes.signals).toEqual(['SIGTERM 1000']);
});

test('containerd is started again when it dies', async () => {
  const processes = new FakeProcesses();
  const { ready, end } = supervise(processes);
  await ready;
  await processes.die(1000);
  await expect.poll(() => processes.started.length, { timeout: 5000 }).toBe(2);
  await end();
});

/** As after kill -9: the supervisor is gone without a word, its child lives on. */
async function orphan(processes: FakeProcesses): Promise<void> {
  const frozen = { ...systemClock, sleep: () => new Promise<never>(() => {}) };
  await supervise(processes, { clock: frozen }).ready;
}

test('the containerd of a killed run is taken over', async () => {
  const processes = new FakeProcesses();
  await orphan(processes);
  const { ready, end } = supervise(processes);
  await ready;
  expect(processes.started).toHaveLength(1);
  await end();
  expect(processes.signals).toEqual(['SIGTERM 1000']);
});

test('one with another configuration is ended first', async () => {
  const processes = new FakeProcesses();
  await orphan(processes);
  const { ready, end } = supervise(processes, { config: { ...config, snapshotter: 'native' } });
  await ready;
  expect(processes.signals).toEqual(['SIGTERM 1000']);
  expect(processes.started).toHaveLength(2);
  await end();
});

test('a missing containerd, a missing CRI plugin and a long socket path are said plainly', async () => {
  const absent = new FakeProcesses();
  Object.assign(absent, { found: undefined });
  await expect(supervise(absent).ended).rejects.toThrow(/containerd is not on PATH/);

  const unimplemented = { version: () => Promise.reject(new RuntimeError('Unimplemented', 'unknown service')) };
  await expect(supervise(new FakeProcesses(), { runtime: unimplemented }).ended).rejects.toThrow(/CRI plugin did not load\n.*no space/);

  const long = { ...config, socketPath: `/${'x'.repeat(120)}` };
  await expect(supervise(new FakeProcesses(), { config: long }).ended).rejects.toThrow(/longer than 107 bytes/);
});
