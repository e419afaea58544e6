/**
 * A part of this machine where a cluster can be tried without touching the rest: a network without a way out, process ids, mounts and cgroups
 * of its own. All of it ends with the command, however that ends.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

const PREFIX = 'minik-box-';
const CGROUP_ROOT = '/sys/fs/cgroup';
/** The node's address inside every box. */
export const NODE_ADDRESS = '10.98.0.1';
const GATEWAY_ADDRESS = '10.98.0.254';

/** libcni keeps its results there for all runtimes of a machine; the box has a place of its own, which ends with it. */
const CNI_RECORDS = '/var/lib/cni';

/**
 * Process 1 of the box, before and after it has cgroups of its own: it joins the box's groups, from where the new namespace counts. (Its parent stays
 * outside: it could not leave the group again, being invisible here.)
 */
const JOIN = `
set -e
for group in $MINIK_BOX_CGROUPS; do echo 1 >$group/cgroup.procs; done
unset MINIK_BOX_CGROUPS
exec unshare --cgroup "$@"
`;

/**
 * The cgroup hierarchies are mounted anew, so that the box sees its own cgroup as their root; on cgroup v2 processes may
 * not sit in a group that hands out controllers, hence the group `init`. bash collects orphans that end, as an init must.
 */
const INIT = `
set -e
if [ -e ${CGROUP_ROOT}/cgroup.controllers ]; then
  umount ${CGROUP_ROOT}; mount -t cgroup2 cgroup ${CGROUP_ROOT}
  mkdir -p ${CGROUP_ROOT}/init
  echo 1 >${CGROUP_ROOT}/init/cgroup.procs
  sed 's/[a-z_]*/+&/g' ${CGROUP_ROOT}/cgroup.controllers >${CGROUP_ROOT}/cgroup.subtree_control
else
  for hierarchy in ${CGROUP_ROOT}/*/; do
    options=$(awk -v dir="\${hierarchy%/}" '$5 == dir { sub(".* - ", ""); if ($1 == "cgroup") print $3; if ($1 == "cgroup2") print "unified" }' /proc/self/mountinfo | tail -n 1)
    if [ "$options" = unified ]; then umount "\${hierarchy%/}"; mount -t cgroup2 cgroup2 "\${hierarchy%/}"
    elif [ -n "$options" ]; then umount "\${hierarchy%/}"; mount -t cgroup -o "\${options#rw,}" cgroup "\${hierarchy%/}"; fi
  done
fi
mkdir -p ${CNI_RECORDS}; mount -t tmpfs tmpfs ${CNI_RECORDS}
set +e
"$@"
exit $?
`;

function must(...command: string[]): void {
  const { status, stderr } = spawnSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/** cgroup v1 has a tree for each controller, v2 one for all. */
function cgroupTrees(): string[] {
  if (existsSync(`${CGROUP_ROOT}/cgroup.controllers`)) return [CGROUP_ROOT];
  const directories = readdirSync(CGROUP_ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return directories.map((d) => `${CGROUP_ROOT}/${d.name}`).filter((dir) => existsSync(`${dir}/cgroup.procs`));
}

function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(`${directory}/${entry.name}`);
  try {
    rmdirSync(directory);
  } catch {
    // Its last process is still ending; the next run removes it.
  }
}

/** Where clusters of the box keep their data. Short: socket paths end at 107 bytes. */
const directoryOf = (name: string) => `${tmpdir()}/${name}`;

function remove(name: string): void {
  if (existsSync(`/run/netns/${name}`)) spawnSync('ip', ['netns', 'delete', name]);
  for (const tree of cgroupTrees()) removeCgroup(`${tree}/${name}`);
  rmSync(directoryOf(name), { recursive: true, force: true });
}

/** Boxes whose owner died before it could clean up: their name carries the owner's pid. */
function removeLeftovers(): void {
  const names = ['/run/netns', tmpdir(), ...cgroupTrees()].flatMap((dir) => (existsSync(dir) ? readdirSync(dir) : []));
  for (const name of new Set(names)) {
    if (name.startsWith(PREFIX) && !existsSync(`/proc/${name.slice(PREFIX.length)}`)) remove(name);
  }
}

/** Makes the box's group in every tree; answers with their paths. */
function makeCgroups(name: string): string[] {
  return cgroupTrees().map((tree) => {
    const group = `${tree}/${name}`;
    mkdirSync(group, { recursive: true });
    if (tree === CGROUP_ROOT) spawnSync('sh', ['-c', `sed 's/[a-z_]*/+&/g' ${tree}/cgroup.controllers >${tree}/cgroup.subtree_control`]);
    if (!tree.endsWith('/cpuset')) return group;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) spawnSync('sh', ['-c', `cat ${tree}/${file} >${group}/${file}`]);
    return group;
  });
}

/**
 * Runs a command in a box of its own and gives its exit code. Needs root. The command finds the node's address in MINIK_E2E_NODE_IP and a directory
 * that is removed after it in MINIK_E2E_DIR.
 */
export function runInClosedBox(command: readonly string[], environment: NodeJS.ProcessEnv = {}): number {
  if (process.getuid?.() !== 0) throw new Error('this needs root');
  removeLeftovers();
  const name = `${PREFIX}${process.pid}`;
  try {
    must('ip', 'netns', 'add', name);
    const inside = ['ip', '-n', name];
    must(...inside, 'link', 'set', 'lo', 'up');
    must(...inside, 'link', 'add', 'host0', 'type', 'bridge');
    must(...inside, 'addr', 'add', `${NODE_ADDRESS}/24`, 'dev', 'host0');
    must(...inside, 'link', 'set', 'host0', 'up');
    // Machines have a default route, and without one the kernel refuses Service addresses before any rule sees them. Nobody answers on this one.
    must(...inside, 'route', 'add', 'default', 'via', GATEWAY_ADDRESS);
    const cgroups = makeCgroups(name).join(' ');
    mkdirSync(directoryOf(name), { mode: 0o700 });
    const unshare = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private'];
    const box = [`--net=/run/netns/${name}`, ...unshare, 'bash', '-c', JOIN, 'join', 'bash', '-c', INIT, 'init', ...command];
    // Killed with its owner, even if that is killed: the next run removes what it leaves.
    const { status } = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'nsenter', ...box], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        ...environment,
        MINIK_BOX_CGROUPS: cgroups,
        MINIK_E2E_NODE_IP: NODE_ADDRESS,
        MINIK_E2E_DIR: directoryOf(name),
      },
    });
    return status ?? 1;
  } finally {
    remove(name);
  }
}
