/** A running process as /proc shows it. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parentPid: number;
  /** Ticks since boot: tells it from a later process with the same pid. */
  readonly startTime: string;
  readonly argv: readonly string[];
  /** Its cgroup in every hierarchy, below the mount points. */
  readonly cgroups: readonly string[];
  /** `device:inode` of its network namespace; undefined when it could not be read. */
  readonly networkNamespace?: string;
}

/** What makes a process one of this minik's. */
export interface Ownership {
  readonly containerdSocket: string;
  readonly containerdConfig: string;
  /** From containerd's pid record. */
  readonly containerd?: Pick<ProcessEntry, 'pid' | 'startTime'>;
  readonly podUids: readonly string[];
  /** The process that asks; neither it nor those above it are ever chosen. */
  readonly selfPid: number;
}

export interface OwnProcesses {
  readonly containerd: readonly ProcessEntry[];
  /** One for each pod. Whatever a container's processes leave behind becomes a child of its shim. */
  readonly shims: readonly ProcessEntry[];
  /** Everything below the shims, and what is in our pods' cgroups: processes whose shim has died. */
  readonly contained: readonly ProcessEntry[];
}

const baseName = (path: string | undefined): string => path?.slice(path.lastIndexOf('/') + 1) ?? '';

const hasArgument = (argv: readonly string[], flag: string, value: string): boolean =>
  argv.some((argument, at) => argument === `${flag}=${value}` || (argument === flag && argv[at + 1] === value));

/** Which of the machine's processes belong to this minik: by our socket, our configuration file and our pods' cgroups, never by name alone. */
export function ownProcesses(table: readonly ProcessEntry[], ownership: Ownership): OwnProcesses {
  const spared = ancestry(table, ownership.selfPid);
  const isOurs = ({ pid }: ProcessEntry) => pid > 1 && !spared.has(pid);
  const isShim = ({ argv }: ProcessEntry) =>
    baseName(argv[0]).startsWith('containerd-shim') && hasArgument(argv, '-address', ownership.containerdSocket);
  const isContainerd = ({ pid, startTime, argv }: ProcessEntry) =>
    (pid === ownership.containerd?.pid && startTime === ownership.containerd.startTime) ||
    (baseName(argv[0]) === 'containerd' && hasArgument(argv, '--config', ownership.containerdConfig));
  const allShims = table.filter(isShim);
  const containerd = table.filter((entry) => isOurs(entry) && isContainerd(entry));
  const below = descendants(table, new Set(allShims.map((shim) => shim.pid)));
  const uids = new Set(ownership.podUids);
  const handled = new Set([...allShims, ...containerd].map((entry) => entry.pid));
  const contained = table.filter((entry) => isOurs(entry) && !handled.has(entry.pid) && (below.has(entry.pid) || isInPodOf(entry, uids)));
  const shims = allShims.filter((shim) => isOurs(shim) && !containerd.includes(shim));
  return { containerd, shims, contained };
}

/** The kubelet's layout with the cgroupfs driver: /kubepods[/burstable|/besteffort]/pod<uid>. */
const POD_CGROUP = /\/kubepods(?:\/(?:burstable|besteffort))?\/pod([^/]+)(?:\/|$)/;

const isInPodOf = ({ cgroups }: ProcessEntry, uids: ReadonlySet<string>): boolean =>
  cgroups.some((path) => uids.has(POD_CGROUP.exec(path)?.[1] ?? ''));

/** A process and those above it. */
function ancestry(table: readonly ProcessEntry[], pid: number): Set<number> {
  const parents = new Map(table.map((entry) => [entry.pid, entry.parentPid]));
  const found = new Set<number>();
  for (let at: number | undefined = pid; at !== undefined && at > 0 && !found.has(at); at = parents.get(at)) found.add(at);
  return found;
}

function descendants(table: readonly ProcessEntry[], roots: ReadonlySet<number>): Set<number> {
  const children = Map.groupBy(table, (entry) => entry.parentPid);
  const found = new Set<number>();
  const queue = [...roots];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const { pid } of children.get(at) ?? []) {
      if (found.has(pid) || roots.has(pid)) continue;
      found.add(pid);
      queue.push(pid);
    }
  }
  return found;
}

/** A file that keeps a network namespace alive. */
export interface NamespaceFile {
  readonly path: string;
  /** `device:inode`. */
  readonly id: string;
}

/** The network namespaces that CNI made for these processes' pods. The host's own, in which host network pods run, is never among them. */
export function namespacesOf(processes: readonly ProcessEntry[], files: readonly NamespaceFile[], hostNamespace: string): string[] {
  const used = new Set(processes.map((entry) => entry.networkNamespace));
  return files.filter(({ id }) => id !== hostNamespace && used.has(id)).map(({ path }) => path);
}
