import { readdir, realpath, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { cgroups, detectCgroups } from '../host/cgroups.ts';
import { readMounts, unmount } from '../host/mounts.ts';
import { dataDirectoryPlan, isBelow, logDirectoriesOf, mountsToRelease, podCgroups, SHARED_CGROUPS } from './disk-plan.ts';

/** A mount that covers deeper ones hides them until it is gone itself. */
const UNMOUNT_ROUNDS = 5;
const CGROUP_TRIES = 50;
const CGROUP_RETRY_MS = 100;

type Errno = NodeJS.ErrnoException;

/** Names in a directory; none when it is not there. */
export const namesIn = async (directory: string): Promise<string[]> => {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as Errno).code === 'ENOENT') return [];
    throw error;
  }
};

/** As the mount table has it; a path that is not there stays as it is. */
export const realPath = (path: string): Promise<string> => realpath(path).catch(() => path);

const mountTargets = async (): Promise<string[]> => (await readMounts()).map((mount) => mount.target);

/** Releases everything that is mounted below the directories, and on the files. A mount that is busy is detached. Resolves with how many there were. */
export async function unmountBelow(directories: readonly string[], files: readonly string[], signal: AbortSignal): Promise<number> {
  let released = 0;
  let failure: unknown;
  for (let round = 0; round < UNMOUNT_ROUNDS; round += 1) {
    const targets = mountsToRelease(await mountTargets(), directories, files);
    if (targets.length === 0) return released;
    for (const target of targets) {
      await unmount(target, { signal })
        .catch(() => unmount(target, { lazy: true, signal }))
        .then(
          () => {
            released += 1;
          },
          (error: unknown) => {
            failure = error;
          },
        );
    }
  }
  throw failure ?? new Error('mounts keep coming back');
}

/** Removes the cgroups of these pods and, when no other pod is left, those above. Resolves with how many pods had one. */
export async function removeCgroups(podUids: readonly string[], { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<number> {
  const layout = await detectCgroups();
  const tree = cgroups(layout);
  let removed = 0;
  for (const uid of podUids) {
    for (const path of podCgroups(uid)) {
      if (!(await tree.usage(path))) continue;
      removed += 1;
      // A process that was just ended holds its cgroup until it has been collected.
      for (let tries = 1; !(await triedToRemove(() => tree.remove(path), tries)); tries += 1)
        await clock.sleep(CGROUP_RETRY_MS, { signal });
    }
  }
  for (const path of SHARED_CGROUPS) for (const mountPoint of layout.hierarchies) await removeIfEmpty(`${mountPoint}${path}`);
  return removed;
}

async function triedToRemove(remove: () => Promise<void>, tries: number): Promise<boolean> {
  try {
    await remove();
    return true;
  } catch (error) {
    if ((error as Errno).code !== 'EBUSY' || tries >= CGROUP_TRIES) throw error;
    return false;
  }
}

const STAYS = ['ENOENT', 'ENOTEMPTY', 'EBUSY'];

/** Also false when somebody has mounted something on it. */
async function removeIfEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    if (STAYS.includes((error as Errno).code ?? '')) return false;
    throw error;
  }
}

/** The logs of these pods; others' stay. */
export async function removePodLogs(podLogsDir: string, podUids: readonly string[]): Promise<number> {
  const own = logDirectoriesOf(await namesIn(podLogsDir), podUids);
  for (const name of own) await removeTree(join(podLogsDir, name));
  return own.length;
}

/**
 * Deletes a directory and what is in it, unless something is mounted below it: then it rejects, since deleting would reach into a volume, a disk or
 * a directory of the host.
 */
export async function removeTree(directory: string): Promise<void> {
  // A link at the end is deleted, not followed.
  const place = join(await realPath(dirname(directory)), basename(directory));
  const mounted = (await mountTargets()).find((target) => target === place || isBelow(target, place));
  if (mounted) throw new Error(`${mounted} is still mounted; not deleting ${directory}`);
  await rm(directory, { recursive: true, force: true });
}

/** Resolves with the names of the files that stay because minik did not make them. */
export async function removeDataDirectory(dataDir: string): Promise<readonly string[]> {
  const place = await realPath(dataDir);
  const { remove, keep } = dataDirectoryPlan(await namesIn(place));
  for (const name of remove) await removeTree(join(place, name));
  if (keep.length === 0 && (await removeIfEmpty(place)) && place !== dataDir) await rm(dataDir, { force: true });
  return keep;
}
