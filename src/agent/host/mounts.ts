import { readFile } from 'node:fs/promises';
import { type RunOptions, run } from './spawn.ts';

/** A line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  id: number;
  parentId: number;
  /** Path inside the mounted file system that is its root: not `/` for bind mounts of a part. */
  root: string;
  target: string;
  options: string[];
  fsType: string;
  source: string;
  superOptions: string[];
}

export function parseMountInfo(text: string): MountEntry[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const fields = line.split(' ');
      // Optional fields (propagation) end at a single dash.
      const rest = fields.slice(fields.indexOf('-', 6) + 1);
      return {
        id: Number(fields[0]),
        parentId: Number(fields[1]),
        root: unescapeOctal(fields[3] ?? ''),
        target: unescapeOctal(fields[4] ?? ''),
        options: (fields[5] ?? '').split(','),
        fsType: rest[0] ?? '',
        source: unescapeOctal(rest[1] ?? ''),
        superOptions: (rest[2] ?? '').split(','),
      };
    });
}

/** Space, tab, newline and backslash are written as octal. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export const readMounts = async (): Promise<MountEntry[]> => parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8'));

export const isMountPoint = async (path: string): Promise<boolean> => (await readMounts()).some((mount) => mount.target === path);

/** `sizeBytes`: none is half of the memory, as the kernel has it. `mode`: octal, default 0o777 as for emptyDir. */
export async function mountTmpfs(
  target: string,
  { sizeBytes, mode = 0o777, ...options }: { sizeBytes?: number; mode?: number } & Pick<RunOptions, 'signal'>,
): Promise<void> {
  const settings = [`mode=${mode.toString(8)}`, ...(sizeBytes ? [`size=${sizeBytes}`] : [])].join(',');
  await run('mount', ['-t', 'tmpfs', '-o', settings, 'tmpfs', target], options);
}

export async function bindMount(
  source: string,
  target: string,
  { readonly = false, recursive = false, ...options }: { readonly?: boolean; recursive?: boolean } & Pick<RunOptions, 'signal'> = {},
): Promise<void> {
  await run('mount', [recursive ? '--rbind' : '--bind', source, target], options);
  // A bind mount takes its flags from the source; read-only needs a second step.
  if (readonly) await run('mount', ['-o', 'remount,bind,ro', target], options);
}

/** Does nothing when the target is not a mount point. */
export async function unmount(
  target: string,
  { lazy = false, ...options }: { lazy?: boolean } & Pick<RunOptions, 'signal'> = {},
): Promise<void> {
  if (!(await isMountPoint(target))) return;
  await run('umount', [...(lazy ? ['--lazy'] : []), target], options);
}

/** Deepest first; a mount that is busy is detached. */
export async function unmountAll(targets: readonly string[], options: Pick<RunOptions, 'signal'> = {}): Promise<void> {
  for (const target of [...targets].sort((a, b) => b.length - a.length)) await unmount(target, { lazy: true, ...options });
}
