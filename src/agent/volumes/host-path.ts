import type { Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { HostPathVolumeSource } from '../../api/schema/generated/types.ts';

/** What each type of https://kubernetes.io/docs/concepts/storage/volumes/#hostpath asks for, and what messages call it. */
const KINDS = {
  Directory: { called: 'directory', is: (s: Stats) => s.isDirectory() },
  File: { called: 'file', is: (s: Stats) => s.isFile() },
  Socket: { called: 'socket file', is: (s: Stats) => s.isSocket() },
  CharDevice: { called: 'character device', is: (s: Stats) => s.isCharacterDevice() },
  BlockDevice: { called: 'block device', is: (s: Stats) => s.isBlockDevice() },
} as const;
type Kind = keyof typeof KINDS;

const MAKES: Partial<Record<string, { kind: Kind; make: (path: string) => Promise<void> }>> = {
  DirectoryOrCreate: { kind: 'Directory', make: async (path) => void (await mkdir(path, { recursive: true, mode: 0o755 })) },
  FileOrCreate: { kind: 'File', make: async (path) => (await open(path, 'a', 0o644)).close() },
};

/** Checks the path of the node against the volume's type, and makes it where the type says so. Rejects with an Error in upstream's words. */
export async function checkHostPath({ path, type = '' }: HostPathVolumeSource): Promise<void> {
  if (path.split('/').includes('..')) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  if (type === '') return;
  const makes = MAKES[type];
  const kind = makes?.kind ?? (type in KINDS ? (type as Kind) : undefined);
  if (!kind) throw new Error(`${type} is an invalid volume type`);
  if (makes && !(await statOf(path))) await makes.make(path);
  const info = await statOf(path);
  if (!info) throw new Error(`hostPath ${path} doesn't exist`);
  if (KINDS[kind].is(info)) return;
  const found = Object.entries(KINDS).find(([, { is }]) => is(info))?.[0] ?? 'unknown';
  throw new Error(`hostPath type check failed: ${path} is not a ${KINDS[kind].called}, it's a ${found}`);
}

const statOf = (path: string): Promise<Stats | undefined> =>
  stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
