import { readFile, stat, statfs } from 'node:fs/promises';

/** Bit of CAP_SYS_RESOURCE in a capability set (linux/capability.h). */
const CAP_SYS_RESOURCE = 24n;

/** May this process (and so containerd and runc under it) lower OOM scores? `status`: /proc/self/status. */
export function hasSysResource(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective === undefined || ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

export const mayLowerOomScores = async (): Promise<boolean> => hasSysResource(await readFile('/proc/self/status', 'utf8'));

/** File systems that overlayfs does not accept as its upper layer (linux/magic.h): overlayfs itself, NFS, FUSE, vfat. */
const NO_UPPER_LAYER = new Set([0x794c7630, 0x6969, 0x65735546, 0x4d44]);

/** overlayfs where the kernel and the file system under `dir` have it, else plain copies. `dir` must exist. */
export async function chooseSnapshotter(dir: string): Promise<'overlayfs' | 'native'> {
  const { type } = await statfs(dir);
  if (NO_UPPER_LAYER.has(type)) return 'native';
  const loaded = (await readFile('/proc/filesystems', 'utf8')).split('\n').some((line) => line.endsWith('\toverlay'));
  return loaded || (await overlayModule()) ? 'overlayfs' : 'native';
}

/** Is there a module that the kernel loads on the first mount? */
async function overlayModule(): Promise<boolean> {
  const release = (await readFile('/proc/sys/kernel/osrelease', 'utf8')).trim();
  const index = await readFile(`/lib/modules/${release}/modules.dep`, 'utf8').catch(() => '');
  return index.includes('/overlay.ko');
}

/** Where distributions and upstream install CNI plugins. */
const CNI_BIN_DIRS = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni', '/usr/local/lib/cni'];

/** The first directory that has the plugins every pod network needs. Undefined when none has. */
export async function findCniBinDir(candidates: readonly string[] = CNI_BIN_DIRS): Promise<string | undefined> {
  for (const dir of candidates) {
    const found = await Promise.all(['bridge', 'host-local', 'loopback'].map((plugin) => exists(`${dir}/${plugin}`)));
    if (found.every(Boolean)) return dir;
  }
  return undefined;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
