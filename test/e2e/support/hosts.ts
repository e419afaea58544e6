import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { MINIK } from './cluster.ts';
import { withoutMinikSettings } from './environment.ts';
import type { Output } from './kubectl.ts';
import { pollSync } from './poll.ts';

/** A machine as far as the network goes: its own interfaces, routes, ports and nftables. */
export interface Host {
  readonly name: string;
  readonly address: string;
  /** Runs minik to its end. */
  minik(...args: string[]): Output;
  /** Runs a program of the machine to its end. */
  run(...command: string[]): Output;
  /** Starts minik; what it logs goes to the file. */
  start(logFile: string, ...args: string[]): Program;
}

export interface Program {
  readonly log: string;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const STOP_TIMEOUT_MS = 30_000;
const RUN_TIMEOUT_MS = 120_000;

function must(...[file = '', ...args]: string[]): void {
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${file} ${args.join(' ')}: ${stderr}`);
}

const namespaceOf = (pid: number | string): string => readlinkSync(`/proc/${pid}/ns/net`);

/** A network namespace that lives as long as the process that holds it. */
async function networkNamespace(): Promise<ChildProcess & { pid: number }> {
  const holder = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' }) as ChildProcess & { pid: number };
  await pollSync('the network namespace is there', () => namespaceOf(holder.pid) !== namespaceOf('self'), 5_000);
  return holder;
}

const inside = (pid: number, ...command: string[]): string[] => ['nsenter', `--net=/proc/${pid}/ns/net`, ...command];

function program(pid: number, logFile: string, args: readonly string[]): Program {
  const log = openSync(logFile, 'a');
  const [file = '', ...rest] = inside(pid, MINIK, ...args);
  const child = spawn(file, rest, { stdio: ['ignore', log, log], env: withoutMinikSettings() });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    get log() {
      return readFileSync(logFile, 'utf8');
    },
    stop() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      return exited.finally(() => clearTimeout(impatience));
    },
  };
}

function hostOf(pid: number, name: string, address: string): Host {
  const run = (...command: string[]): Output => {
    const [file = '', ...rest] = inside(pid, ...command);
    const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8', timeout: RUN_TIMEOUT_MS, env: withoutMinikSettings() });
    return { exitCode: status ?? -1, stdout, stderr };
  };
  return {
    name,
    address,
    run,
    minik: (...args) => run(MINIK, ...args),
    start: (logFile, ...args) => program(pid, logFile, args),
  };
}

/** Puts one end of a cable into the switch and the other, as `device` with the address, into a namespace. */
function plug(hub: number, port: string, target: number | undefined, device: string, address: string): void {
  must(...inside(hub, 'ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', device, 'netns', String(target ?? process.pid)));
  must(...inside(hub, 'ip', 'link', 'set', port, 'master', 'switch0', 'up'));
  const there = (...command: string[]) => must(...(target === undefined ? command : inside(target, ...command)));
  there('ip', 'address', 'add', `${address}/24`, 'dev', device);
  there('ip', 'link', 'set', device, 'up');
  if (target === undefined) return;
  there('ip', 'link', 'set', 'lo', 'up');
  there('ip', 'route', 'add', 'default', 'dev', device);
}

/**
 * Hosts on one switch (a bridge in a network namespace of its own), `<network>.1`, `<network>.2`, …; this process is plugged in as `<network>.254`. No
 * way leads out. Their processes must have ended before they are disposed of.
 */
export async function hostsOnSwitch(network: string, names: readonly string[]): Promise<{ hosts: readonly Host[] } & Disposable> {
  const hub = await networkNamespace();
  const holders = [hub];
  const remove = () => {
    // The cable into this namespace goes with its other end, but later: whoever looks for leftovers would still see it.
    spawnSync('ip', ['link', 'delete', 'switched0']);
    for (const holder of holders) holder.kill('SIGKILL');
  };
  try {
    must(...inside(hub.pid, 'ip', 'link', 'add', 'switch0', 'type', 'bridge'));
    must(...inside(hub.pid, 'ip', 'link', 'set', 'switch0', 'up'));
    plug(hub.pid, 'port0', undefined, 'switched0', `${network}.254`);
    const hosts: Host[] = [];
    for (const [index, name] of names.entries()) {
      const holder = await networkNamespace();
      holders.push(holder);
      const address = `${network}.${index + 1}`;
      plug(hub.pid, `port${index + 1}`, holder.pid, 'eth0', address);
      hosts.push(hostOf(holder.pid, name, address));
    }
    return { hosts, [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}
