import { chmod, chown, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { giveToGroup } from './ownership.ts';
import type { Payload, PayloadFile } from './payload-plan.ts';

const DATA = '..data';
const NEW_DATA = '..data_tmp';

export interface WriteOptions {
  clock: Clock;
  fsGroup: number | undefined;
}

/**
 * Makes the directory hold these files, all at once for whoever reads them, in the kubelet's layout: files lie in a new `..<time>`
 * directory that the link `..data` points to; each visible name is a link into `..data`, and one rename switches from old to new.
 * Does nothing when the files are there already. The directory exists.
 */
export async function writePayload(dir: string, payload: Payload, { clock, fsGroup }: WriteOptions): Promise<'written' | 'unchanged'> {
  const old = await readlink(`${dir}/${DATA}`).catch(() => undefined);
  if (old !== undefined && (await holds(`${dir}/${old}`, payload, fsGroup))) return 'unchanged';
  const fresh = await mkdtemp(`${dir}/..${timeName(clock.now())}.`);
  await chmod(fresh, 0o755);
  for (const [path, file] of payload) await writeOne(`${fresh}/${path}`, file);
  if (fsGroup !== undefined) await giveToGroup(fresh, fsGroup, { readonly: true });
  await rm(`${dir}/${NEW_DATA}`, { force: true });
  await symlink(fresh.slice(dir.length + 1), `${dir}/${NEW_DATA}`);
  await rename(`${dir}/${NEW_DATA}`, `${dir}/${DATA}`);
  await linkNames(dir, payload);
  await removeOthers(dir, fresh.slice(dir.length + 1));
  return 'written';
}

const timeName = (ms: number): string => new Date(ms).toISOString().slice(0, 19).replace(/[-T:]/g, '_');

async function writeOne(path: string, { data, mode, uid }: PayloadFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, data, { mode: 0o600 });
  // Past the process' umask.
  await chmod(path, mode);
  if (uid !== undefined) await chown(path, uid, -1);
}

const firstParts = (payload: Payload): Set<string> => new Set(Array.from(payload.keys(), (path) => path.split('/')[0] as string));

async function linkNames(dir: string, payload: Payload): Promise<void> {
  const wanted = firstParts(payload);
  for (const name of await readdir(dir)) if (!name.startsWith('..') && !wanted.delete(name)) await unlink(`${dir}/${name}`);
  for (const name of wanted) await symlink(`${DATA}/${name}`, `${dir}/${name}`);
}

async function removeOthers(dir: string, current: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith('..') && name !== DATA && name !== current) await rm(`${dir}/${name}`, { recursive: true, force: true });
  }
}

async function holds(dir: string, payload: Payload, fsGroup: number | undefined): Promise<boolean> {
  const found = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (found?.filter((entry) => !entry.isDirectory()).length !== payload.size) return false;
  for (const [path, { data, mode, uid }] of payload) {
    const [has, info] = await Promise.all([
      readFile(`${dir}/${path}`).catch(() => undefined),
      stat(`${dir}/${path}`).catch(() => undefined),
    ]);
    if (!has || !info || !has.equals(data)) return false;
    // fsGroup widens modes; then the files' own bits must still be there.
    if (fsGroup === undefined ? (info.mode & 0o7777) !== mode : info.gid !== fsGroup || (info.mode & mode) !== mode) return false;
    if (uid !== undefined && info.uid !== uid) return false;
  }
  return true;
}
