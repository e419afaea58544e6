import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { UsageError } from '../exit.ts';

const MAX_YAML_ALIASES = 20;

/** Throws YAML's own error. */
export const parsePolicy = (text: string): unknown => parse(text, { maxAliasCount: MAX_YAML_ALIASES });

/** Reads a YAML or JSON file that a flag names, and makes of it what `plan` makes. Rejects with UsageError: one sentence that begins with the flag. */
export async function readPolicyFile<T>(flag: string, path: string, plan: (document: unknown, text: string) => T | Promise<T>): Promise<T> {
  try {
    const text = await readFile(path, 'utf8');
    return await plan(parsePolicy(text), text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new UsageError(`${flag} ${path} cannot be used: ${why}`, { cause });
  }
}
