import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { UsageError } from '../exit.ts';

const MAX_YAML_ALIASES = 20;

/** Reads a YAML or JSON file that a flag names, and makes of it what `plan` makes. Rejects with UsageError: one sentence that begins with the flag. */
export async function readPolicyFile<T>(flag: string, path: string, plan: (document: unknown) => T): Promise<T> {
  try {
    return plan(parse(await readFile(path, 'utf8'), { maxAliasCount: MAX_YAML_ALIASES }));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`${flag} ${path} cannot be used: ${why}`, { cause });
  }
}
