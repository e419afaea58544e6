import { chmod, lchown, lstat, readdir } from 'node:fs/promises';

const SETGID = 0o2000;

/**
 * fsGroup: everything below belongs to the group, files are open to it and new files in directories inherit it
 * (https://kubernetes.io/docs/tasks/configure-pod-container/security-context/). Links are owned, never followed.
 */
export async function giveToGroup(path: string, group: number, { readonly = false }: { readonly?: boolean } = {}): Promise<void> {
  const info = await lstat(path);
  if (info.gid !== group) await lchown(path, -1, group);
  if (info.isSymbolicLink()) return;
  const bits = (readonly ? 0o440 : 0o660) | (info.isDirectory() ? 0o110 | SETGID : 0);
  // chown clears setgid, so that the mode is set even when it seems right.
  await chmod(path, (info.mode & 0o7777) | bits);
  if (info.isDirectory()) for (const name of await readdir(path)) await giveToGroup(`${path}/${name}`, group, { readonly });
}
