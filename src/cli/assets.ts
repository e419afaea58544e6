import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getRawAsset, isSea } from 'node:sea';

/** Files that travel inside the executable, and where they lie in a source tree. */
const SOURCES = {
  'sqlite-worker.js': '../../dist/sqlite-worker.js',
  'better_sqlite3.node': `../../node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`,
  'descriptions.json': '../api/schema/generated/descriptions.json',
  'enums.json': '../api/schema/generated/enums.json',
} as const;

export type AssetName = keyof typeof SOURCES;

/** Is this the packaged executable (or node running the sources)? */
export const isPackaged: boolean = isSea();

export function readAsset(name: AssetName): Buffer {
  return isPackaged ? Buffer.from(getRawAsset(name)) : readFileSync(new URL(SOURCES[name], import.meta.url));
}

/**
 * A path of the asset for those that need a file (dlopen): in the source tree, or unpacked once into `directory` under a name that carries the
 * content's hash, so that versions of minik do not overwrite each other's.
 */
export function assetPath(name: AssetName, directory: string): string {
  if (!isPackaged) return new URL(SOURCES[name], import.meta.url).pathname;
  const bytes = readAsset(name);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const path = join(directory, `${hash}-${name}`);
  if (existsSync(path)) return path;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, bytes, { mode: 0o600 });
  renameSync(temporary, path);
  return path;
}
