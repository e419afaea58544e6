import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { VolumeError } from './volume-error.ts';
import type { MountedVolume } from './volumes.ts';

/**
 * The directory or file below the volume that a container mounts instead of the whole. Links inside the volume are followed; one that
 * leads out is refused. Missing directories are made, with the mode of the volume. The answer has no links left in it.
 * Rejects with VolumeError.
 */
export async function resolveSubPath(
  volume: Pick<MountedVolume, 'hostPath'>,
  subPath: string,
  { signal }: { signal: AbortSignal },
): Promise<string> {
  signal.throwIfAborted();
  const parts = subPath.split('/').filter((part) => part !== '' && part !== '.');
  if (subPath.startsWith('/')) throw new VolumeError(`subPath ${JSON.stringify(subPath)} must not be an absolute path`);
  if (parts.includes('..')) throw new VolumeError(`subPath ${JSON.stringify(subPath)} must not contain '..'`);
  try {
    return await descend(await realpath(volume.hostPath), parts);
  } catch (error) {
    if (error instanceof VolumeError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new VolumeError(`failed to prepare subPath ${JSON.stringify(subPath)} of volume: ${code ?? String(error)}`, { cause: error });
  }
}

/** Step by step: nothing is made below a component before it is known where that component really is. */
async function descend(root: string, parts: readonly string[]): Promise<string> {
  const mode = (await stat(root)).mode & 0o7777;
  let at = root;
  for (const part of parts) {
    const next = `${at}/${part}`;
    const isNew = await mkdir(next).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST' || error.code === 'EROFS') return false;
        throw error;
      },
    );
    at = await realpath(next);
    if (at !== root && !at.startsWith(root === '/' ? '/' : `${root}/`))
      throw new VolumeError(`subPath ${parts.join('/')} leads outside of its volume`);
    if (isNew) await chmod(at, mode);
  }
  return at;
}
