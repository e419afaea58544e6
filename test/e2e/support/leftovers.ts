import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const output = (command: string, ...args: string[]): string[] =>
  (spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '').split('\n').filter((line) => line.trim() !== '');

/** What a cluster could leave on a machine: its links, nftables tables, routes, rules, cgroups, mounts and processes, one line each. */
export interface Traces {
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly routes: readonly string[];
  readonly cgroups: readonly string[];
  readonly mounts: readonly string[];
  readonly processes: readonly string[];
  readonly files: readonly string[];
}

function cgroupsBelow(directory: string, depth: number): string[] {
  if (depth === 0 || !existsSync(directory)) return [];
  const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return children.flatMap(({ name }) => [`${directory}/${name}`, ...cgroupsBelow(`${directory}/${name}`, depth - 1)]);
}

/** Those that carry the data directory in their command line, their environment or their open socket's name. */
function processesOf(dataDir: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const isOurs = command.includes(dataDir) || (command.includes('containerd-shim') && environment.includes(dataDir));
      return isOurs ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

export function traces(dataDir: string): Traces {
  return {
    links: output('ip', '-brief', 'link').map((line) => line.split(/\s+/)[0] ?? ''),
    tables: output('nft', 'list', 'tables'),
    routes: [...output('ip', 'route'), ...output('ip', 'rule')],
    cgroups: cgroupsBelow('/sys/fs/cgroup', 4).filter((path) => path.includes('kubepods')),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`${dataDir}/`)),
    processes: processesOf(dataDir),
    files: existsSync(dataDir) ? readdirSync(dataDir) : [],
  };
}

/** What is there now and was not before. */
export function leftovers(before: Traces, after: Traces): string[] {
  return (Object.keys(after) as (keyof Traces)[]).flatMap((kind) =>
    after[kind].filter((line) => !before[kind].includes(line)).map((line) => `${kind}: ${line}`),
  );
}
