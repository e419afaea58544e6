/** What a minik puts into its data directory. Anything else in there is not ours to delete. */
const OWN_ENTRIES = ['server', 'agent', 'bin', 'run', 'minik.pid', 'kubeconfig.yaml'];

export interface DirectoryPlan {
  readonly remove: readonly string[];
  /** Files that minik did not make: they and the directory stay. */
  readonly keep: readonly string[];
}

/** `entries`: names in the data directory. Files that were being written when a minik was killed carry a suffix. */
export function dataDirectoryPlan(entries: readonly string[]): DirectoryPlan {
  const isOwn = (name: string) => OWN_ENTRIES.some((own) => name === own || (own.includes('.') && name.startsWith(`${own}.`)));
  return { remove: entries.filter(isOwn), keep: entries.filter((name) => !isOwn(name)) };
}

export const isBelow = (path: string, directory: string): boolean => path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);

/**
 * Mount points to release, in order: deepest first, the newest of those stacked on one path first (a path is named once for each).
 * `targets`: of the mount table, in its order. A directory that is a mount point itself is the administrator's and stays mounted.
 */
export function mountsToRelease(targets: readonly string[], directories: readonly string[], files: readonly string[]): string[] {
  const own = targets.filter((target) => files.includes(target) || directories.some((directory) => isBelow(target, directory)));
  const depth = (path: string) => path.split('/').length;
  return own.sort((a, b) => depth(b) - depth(a));
}

/** Where a pod's cgroup may be: its QoS class is not known any more. */
export const podCgroups = (uid: string): string[] => ['', '/burstable', '/besteffort'].map((qos) => `/kubepods${qos}/pod${uid}`);

/** Those above pods, for when no pod is left in them. */
export const SHARED_CGROUPS = ['/kubepods/burstable', '/kubepods/besteffort', '/kubepods'] as const;

/** Kubernetes names a pod's log directory `<namespace>_<name>_<uid>`. */
export function logDirectoriesOf(names: readonly string[], podUids: readonly string[]): string[] {
  const uids = new Set(podUids);
  return names.filter((name) => uids.has(name.slice(name.lastIndexOf('_') + 1)));
}

/** CNI caches a result as `<network>-<sandbox id>-<interface>`. */
export function cniResultsOf(names: readonly string[], networks: readonly string[], sandboxIds: readonly string[]): string[] {
  const own = sandboxIds.flatMap((id) => networks.map((network) => `${network}-${id}-`));
  return names.filter((name) => own.some((prefix) => name.startsWith(prefix)));
}
