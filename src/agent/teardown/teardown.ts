import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { readPidRecord } from '../../runtime/containerd/pid-record.ts';
import { namesIn, realPath, removeCgroups, removeDataDirectory, removePodLogs, removeTree, unmountBelow } from './disk.ts';
import { endContainerd, endContainers } from './end-processes.ts';
import { deleteBridge, deleteCniResults, deleteDnsAddresses, deleteServiceRoutes, deleteServiceTables } from './network.ts';
import { namespacesOf, type OwnProcesses, ownProcesses } from './process-plan.ts';
import { hostNetworkNamespace, readNamespaceFiles, readProcesses } from './process-table.ts';

/** Where one minik kept its things. Absolute paths. */
export interface TeardownPaths {
  readonly dataDir: string;
  readonly stateDir: string;
  readonly agentDir: string;
  readonly containerdRoot: string;
  readonly containerdSocket: string;
  readonly cniIpamDir: string;
  readonly podsDir: string;
  readonly podLogsDir: string;
}

export interface TeardownOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** `nothing`: there was nothing of this minik on the machine. */
export type TeardownResult =
  | { readonly outcome: 'nothing' | 'removed' }
  | { readonly outcome: 'failed'; readonly steps: readonly string[] };

interface Step {
  readonly name: string;
  /** What it removed; undefined: nothing of the kind was there. */
  run(): Promise<object | undefined>;
}

const NETNS_DIR = '/run/netns';

/**
 * Removes everything that a minik left on this machine. It must not run any more. Safe to repeat; a step that fails is logged and the others go on. A
 * data directory without a node's part leaves the machine's network alone: another minik may have made it.
 */
export async function teardown(given: TeardownPaths, options: TeardownOptions): Promise<TeardownResult> {
  const failed: string[] = [];
  let removed = 0;
  for (const step of await steps(given, options)) {
    try {
      const what = await step.run();
      if (!what) continue;
      removed += 1;
      options.log.info(what, step.name);
    } catch (error) {
      if (options.signal.aborted) throw error;
      failed.push(step.name);
      options.log.error({ error: error instanceof Error ? error.message : String(error) }, `failed: ${step.name}`);
    }
  }
  if (failed.length > 0) return { outcome: 'failed', steps: failed };
  return { outcome: removed > 0 ? 'removed' : 'nothing' };
}

const some = <T extends object>(count: number, fields: T): T | undefined => (count > 0 ? fields : undefined);

async function steps(paths: TeardownPaths, options: TeardownOptions): Promise<Step[]> {
  const hasNode = (await namesIn(paths.agentDir)).length > 0;
  const podUids = await namesIn(paths.podsDir);
  // Before anything ends: a process that is gone does not tell its network namespace any more.
  const find = await finder(paths, podUids);
  const { shims, contained } = await find();
  const directories = [...new Set(await Promise.all([paths.dataDir, paths.stateDir].map(realPath)))];
  const namespaces = namespacesOf([...shims, ...contained], await readNamespaceFiles(NETNS_DIR), await hostNetworkNamespace());
  return [
    ...processSteps(find, options),
    {
      name: 'unmounted',
      run: async () => {
        const mounts = await unmountBelow(directories, namespaces, options.signal);
        for (const path of namespaces) await removeTree(path);
        return some(mounts + namespaces.length, { mounts, networkNamespaces: namespaces.length });
      },
    },
    ...(hasNode ? [cgroupStep(podUids, options), ...networkSteps(paths)] : []),
    ...diskSteps(paths, podUids, options.log),
  ];
}

async function finder(paths: TeardownPaths, podUids: readonly string[]): Promise<() => Promise<OwnProcesses>> {
  const ownership = {
    containerdSocket: paths.containerdSocket,
    containerdConfig: join(paths.containerdRoot, 'config.toml'),
    containerd: await readPidRecord(join(paths.stateDir, 'containerd.pid')),
    podUids,
    selfPid: process.pid,
  };
  return async () => ownProcesses(await readProcesses(), ownership);
}

const processSteps = (find: () => Promise<OwnProcesses>, options: TeardownOptions): Step[] => [
  {
    name: 'containerd ended',
    run: async () => {
      const count = await endContainerd(find, options);
      return some(count, { processes: count });
    },
  },
  {
    name: 'containers ended',
    run: async () => {
      const count = await endContainers(find, options);
      return some(count, { processes: count });
    },
  },
];

const cgroupStep = (podUids: readonly string[], options: TeardownOptions): Step => ({
  name: 'cgroups removed',
  run: async () => {
    const pods = await removeCgroups(podUids, options);
    return some(pods, { pods });
  },
});

const networkSteps = (paths: TeardownPaths): Step[] => [
  {
    name: 'service rules deleted',
    run: async () => {
      const tables = await deleteServiceTables();
      return some(tables.length, { tables });
    },
  },
  { name: 'pod bridge deleted', run: async () => ((await deleteBridge()) ? {} : undefined) },
  {
    name: 'cluster DNS address deleted',
    run: async () => {
      const addresses = await deleteDnsAddresses(join(paths.agentDir, 'dns-address'));
      return some(addresses.length, { addresses });
    },
  },
  {
    name: 'route to Services deleted',
    run: async () => {
      const ranges = await deleteServiceRoutes(join(paths.agentDir, 'service-route'));
      return some(ranges.length, { ranges });
    },
  },
  {
    name: 'CNI results deleted',
    run: async () => {
      const results = await deleteCniResults(paths);
      return some(results, { results });
    },
  },
];

const diskSteps = (paths: TeardownPaths, podUids: readonly string[], log: Logger): Step[] => [
  {
    name: 'pod logs deleted',
    run: async () => {
      const pods = await removePodLogs(paths.podLogsDir, podUids);
      return some(pods, { pods });
    },
  },
  {
    name: 'state directory deleted',
    run: async () => {
      if ((await namesIn(paths.stateDir)).length === 0) return undefined;
      await removeTree(paths.stateDir);
      return { directory: paths.stateDir };
    },
  },
  {
    name: 'data directory deleted',
    run: async () => {
      const before = await namesIn(paths.dataDir);
      const kept = await removeDataDirectory(paths.dataDir);
      if (kept.length > 0) log.warn({ directory: paths.dataDir, kept }, 'the data directory stays: it holds files that minik did not make');
      return some(before.length - kept.length, { directory: paths.dataDir });
    },
  },
];
