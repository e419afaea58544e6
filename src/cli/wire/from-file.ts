import { readFile } from 'node:fs/promises';
import { UsageError } from '../exit.ts';

/** What `parse` makes of a file that a flag names; UsageError with one sentence when the file cannot be read or does not hold that. */
export async function fromFile<T>(flag: string, path: string, parse: (text: string) => T | Promise<T>): Promise<T> {
  try {
    return await parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`${flag} ${path}: ${error instanceof Error ? error.message.split('\n')[0] : error}`, { cause: error });
  }
}

interface Reader {
  readonly readFile: (path: string) => Promise<string>;
}

/** The same of a kubeconfig, which may name other files. */
export async function fromKubeconfig<T>(flag: string, path: string, read: (path: string, reader: Reader) => Promise<T>): Promise<T> {
  return fromFile(flag, path, () => read(path, { readFile: (file) => readFile(file, 'utf8') }));
}
