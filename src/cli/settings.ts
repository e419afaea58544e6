import { existsSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { parse } from 'yaml';
import { UsageError } from './exit.ts';

/** Where settings come from when they are not on the command line. */
export const DEFAULT_CONFIG_FILE = '/etc/minik/config.yaml';

const MAX_YAML_ALIASES = 20;

const longName = (option: Option): string => option.long?.replace(/^--(no-)?/, '') ?? option.name();

/** `--https-listen-port` is MINIK_HTTPS_LISTEN_PORT in the environment. */
const environmentName = (option: Option): string => `MINIK_${longName(option).toUpperCase().replaceAll('-', '_')}`;

function readConfigFile(path: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8'), { maxAliasCount: MAX_YAML_ALIASES });
  } catch (error) {
    throw new UsageError(`cannot read the config file ${path}: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
  }
  if (document === null || document === undefined) return {};
  if (typeof document !== 'object' || Array.isArray(document))
    throw new UsageError(`the config file ${path} must be a map of flag names to values`);
  return document as Record<string, unknown>;
}

/** Runs one outside value through the option's own parser, as if it stood on the command line. */
function applyValue(command: Command, option: Option, raw: unknown, source: 'config' | 'env', origin: string): void {
  const attribute = option.attributeName();
  if (option.isBoolean()) {
    const text = String(raw).toLowerCase();
    if (!['true', 'false', '1', '0'].includes(text)) throw new UsageError(`${origin}: "${raw}" is not true or false`);
    command.setOptionValueWithSource(attribute, text === 'true' || text === '1', source);
    return;
  }
  const values = Array.isArray(raw) ? raw : [raw];
  let value: unknown;
  for (const one of values) {
    if (typeof one === 'object') throw new UsageError(`${origin}: expected a value or a list of values`);
    try {
      value = option.parseArg ? option.parseArg(String(one), value as undefined) : String(one);
    } catch (error) {
      throw new UsageError(`${origin}: ${error instanceof Error ? error.message : error}`);
    }
  }
  command.setOptionValueWithSource(attribute, value, source);
}

const rootOf = (command: Command): Command => (command.parent ? rootOf(command.parent) : command);

const everyOption = (command: Command): Option[] => [...command.options, ...command.commands.flatMap(everyOption)];

/**
 * Fills a command's options that are not on its command line: from MINIK_* variables, else from the config file (flag names without dashes in
 * front as keys). Throws UsageError for unknown keys, unreadable files and values that the flag would refuse.
 */
export function applySettings(command: Command, environment: Readonly<Record<string, string | undefined>>): void {
  const explicit = command.opts<{ config?: string }>().config ?? environment.MINIK_CONFIG;
  const path = explicit ?? DEFAULT_CONFIG_FILE;
  const file = explicit !== undefined || existsSync(path) ? readConfigFile(path) : {};
  const known = new Set(command.options.map(longName));
  const elsewhere = new Set(everyOption(rootOf(command)).map(longName));
  for (const key of Object.keys(file)) {
    if (!known.has(key) && !elsewhere.has(key)) throw new UsageError(`unknown setting "${key}" in ${path}`);
  }
  for (const option of command.options) {
    if (longName(option) === 'config' || command.getOptionValueSource(option.attributeName()) === 'cli') continue;
    const variable = environmentName(option);
    const name = longName(option);
    if (environment[variable] !== undefined) applyValue(command, option, environment[variable], 'env', variable);
    else if (file[name] !== undefined && file[name] !== null) applyValue(command, option, file[name], 'config', `"${name}" in ${path}`);
  }
}
